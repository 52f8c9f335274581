import type { Level, LogEntry } from './log.ts'

const levels: Readonly<Record<Level, { readonly name: string; readonly colour: number }>> = {
  debug: { name: 'debug', colour: 90 },
  info: { name: 'info ', colour: 36 },
  warn: { name: 'warn ', colour: 33 },
  error: { name: 'error', colour: 31 },
}

/** An entry for people: time, level, message, facts as key=value, stacks indented below. */
export function formatPretty(entry: LogEntry, colours: boolean): string {
  const paint = (code: number, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const { name, colour } = levels[entry.level]
  const stacks: string[] = []
  const facts = flatten('', entry.facts, stacks).map(([key, value]) => `${paint(2, `${visible(key)}=`)}${value}`)
  const head = [paint(2, timeOf(entry.time)), paint(colour, name), visible(entry.message), ...facts].join(' ')
  return [head, ...stacks.flatMap((stack) => stack.split('\n').map((line) => paint(2, `    ${visible(line)}`)))].join('\n')
}

function timeOf(time: number): string {
  const date = new Date(time)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** `{ error: { code: 'A' } }` as `error.code=A`; stacks are set aside. */
function flatten(prefix: string, facts: object, stacks: string[]): [string, string][] {
  return Object.entries(facts).flatMap(([name, value]): [string, string][] => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    if (name === 'stack' && typeof value === 'string' && prefix !== '') {
      stacks.push(value)
      return []
    }
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
    return isRecord ? flatten(key, value, stacks) : [[key, textOf(value)]]
  })
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return visible(JSON.stringify(value))
  return /^[^\s"=]+$/.test(value) ? visible(value) : visible(JSON.stringify(value))
}

// Controls would move the cursor or forge a line; the direction marks would show the text in another order.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const hidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

function visible(text: string): string {
  return text.replace(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
