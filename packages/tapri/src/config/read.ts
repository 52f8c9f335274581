import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Issue } from '../kit/errors.ts'
import { parseJson } from '../kit/json.ts'
import { type Log, redactor } from '../observe/index.ts'
import { compileCheck, type FieldFacts, type Fields, type Reads } from '../schema/index.ts'
import { type DotEnv, readDotEnv } from './dotenv.ts'
import { configError } from './errors.ts'
import { expectation } from './expectation.ts'
import { nearest } from './nearest.ts'

export interface ReadOptions {
  /** The environment, which wins over the file; that of the process unless told. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `.env` unless told; it need not be there. Null reads no file. */
  readonly file?: string | null
  /** Names in the file that no field has are mistakes, unless they are those of somebody else: of an app, to a tool. */
  readonly others?: 'ignored'
  readonly log?: Log
}

/** A value and where it was found. */
interface Given {
  readonly text: string
  readonly from: string
}

/**
 * Reads settings from the environment and a `.env` file, all checked at once. An empty value counts as absent.
 * Values of fields marked `private`, or whose names sound secret, are never shown.
 * @throws TAPRI_CONFIG_INVALID with one report of everything that is wrong
 * @throws TAPRI_CONFIG_FILE when the file is there but cannot be read
 * @example const settings = readSettings({ PORT: int({ default: 3000 }) })
 */
export function readSettings<const F extends Fields>(fields: F, options: ReadOptions = {}): Reads<F> {
  const { env = process.env } = options
  const file = options.file ?? '.env'
  const dotEnv = readDotEnv(options.file === null ? '' : readText(file))
  const issues: Issue[] = dotEnv.broken.map(({ line, message }) => ({ path: [], message: `${file} line ${line} ${message}` }))
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const given = find(name, env, dotEnv, file)
    values[name] =
      given === undefined ? fallback(name, field['~field'], file, issues) : read(name, field['~field'], given, issues)
  }
  if (options.others !== 'ignored') issues.push(...unknownNames(dotEnv, Object.keys(fields), file))
  if (issues.length > 0) throw report(issues, dotEnv.assignments.length + dotEnv.broken.length > 0 ? placeOf(file) : '')
  fillHost(values)
  options.log?.debug('Read the settings', { file, names: Object.keys(values) })
  return typed<F>(values)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT') return ''
    const reason = code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'permission denied' : String(code)
    throw configError('TAPRI_CONFIG_FILE', `Cannot read the settings file "${file}": ${reason}`, { cause })
  }
}

function find(name: string, env: ReadOptions['env'] & {}, dotEnv: DotEnv, file: string): Given | undefined {
  const own = Object.hasOwn(env, name) ? env[name] : undefined
  if (own !== undefined && own.trim() !== '') return { text: own, from: 'the environment' }
  // the last one counts, as in every shell
  const assigned = dotEnv.assignments.findLast((assignment) => assignment.name === name)
  if (assigned === undefined || assigned.value.trim() === '') return undefined
  return { text: assigned.value, from: `${file} line ${assigned.line}` }
}

function fallback(name: string, facts: FieldFacts, file: string, issues: Issue[]): unknown {
  if (facts.default === 'now' && facts.kind === 'time') return new Date()
  if (facts.default !== undefined) return facts.default
  if (facts.optional) return null
  const message = `is missing: set it to ${expectation(facts)}, in the environment or in ${file}`
  issues.push({ path: [name], message })
  return undefined
}

function read(name: string, facts: FieldFacts, given: Given, issues: Issue[]): unknown {
  const wrong: Issue[] = []
  const value = compileCheck(facts, 'text')(split(facts, given.text), [], wrong)
  if (wrong.length === 0) return value
  const shown = isSecret(name, facts) ? 'is set' : `is ${JSON.stringify(shorten(redactor().text(given.text)))}`
  issues.push({ path: [name], message: `${shown} in ${given.from}: it must be ${expectation(facts)}` })
  return undefined
}

/** A list is written with commas and JSON as JSON; what cannot be taken apart fails the check. */
function split(facts: FieldFacts, text: string): unknown {
  if (facts.kind === 'list') return text.split(',').map((item) => item.trim())
  if (facts.kind !== 'json') return facts.kind === 'text' ? text : text.trim()
  try {
    return parseJson(text)
  } catch {
    // the report says what is expected; the parser's words may quote the value
    return undefined
  }
}

function isSecret(name: string, facts: FieldFacts): boolean {
  return facts.private || redactor().key(name) || /(?:^|_)(?:KEY|PASS|SALT|PIN|PRIVATE|HASH|DSN|SEED)(?:_|$)/i.test(name)
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Only the file is looked through: the environment is full of other programs' names. */
function unknownNames(dotEnv: DotEnv, names: readonly string[], file: string): Issue[] {
  return dotEnv.assignments
    .filter(({ name }) => !names.includes(name) && !/^(?:NODE|VITE)_/.test(name))
    .map(({ name, line }) => {
      const meant = nearest(name, names)
      const advice = meant === undefined ? 'take it out, or add it to the settings of the app' : `did you mean ${meant}?`
      return { path: [name], message: `in ${file} line ${line} is not a known setting: ${advice}` }
    })
}

/** A file that is named from the working directory may not be the one that its reader thinks of. */
function placeOf(file: string): string {
  return isAbsolute(file) ? '' : ` in ${process.cwd()}`
}

function report(issues: readonly Issue[], place: string) {
  const lines = issues.map(({ path, message }) => `  ${[...path, message].join(' ')}`)
  const count = issues.length === 1 ? 'one thing is' : `${issues.length} things are`
  return configError('TAPRI_CONFIG_INVALID', `Cannot read the settings${place}: ${count} wrong\n${lines.join('\n')}`, { issues })
}

/** The default of HOST hangs on another setting, which a field cannot say. */
function fillHost(values: Record<string, unknown>): void {
  if (values.HOST === null && values.NODE_ENV !== undefined) {
    values.HOST = values.NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1'
  }
}

// Each value has passed the check of its own field, or is that field's default.
function typed<F extends Fields>(values: Record<string, unknown>): Reads<F> {
  return values as Reads<F>
}
