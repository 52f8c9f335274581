import { cliError } from './errors.ts'

interface Known {
  /** Options that are followed by a value. */
  readonly values?: readonly string[]
  readonly flags?: readonly string[]
  /** How many words may stand by themselves. */
  readonly places: number
}

interface Words {
  readonly values: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
  readonly places: readonly string[]
}

/** Takes the words of a command apart: `--to FOLDER` or `--to=FOLDER`, `--damaged`, and words by themselves.
 * @throws TAPRI_CLI_USAGE */
export function readWords(command: string, words: readonly string[], known: Known): Words {
  const values = new Map<string, string>()
  const flags = new Set<string>()
  const places: string[] = []
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = '', given] = word.split(/=(.*)/s, 2)
    if (known.values?.includes(name)) {
      const value = given ?? rest.shift()
      if (value === undefined || value === '') throw wrong(command, `"${name}" needs a value`)
      values.set(name, value)
    } else if (known.flags?.includes(word)) flags.add(word)
    else if (word.startsWith('-') || places.length >= known.places) throw wrong(command, `"${word}" is not known here`)
    else places.push(word)
  }
  return { values, flags, places }
}

function wrong(command: string, reason: string) {
  return cliError('TAPRI_CLI_USAGE', `Cannot run "tapri ${command}": ${reason}; "tapri --help" tells more`)
}
