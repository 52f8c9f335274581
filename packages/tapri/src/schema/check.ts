import { decimalOf, mostDigits, partsOf } from '../kit/decimal.ts'
import type { Issue } from '../kit/errors.ts'
import type { FieldFacts } from './field.ts'

export type Path = (string | number)[]
/** Where a value comes from: `json` keeps types, `text` (paths, queries, forms) has only words to convert. */
export type Source = 'json' | 'text'
/** Answers the accepted value, or reports what is wrong and answers undefined. */
export type Check = (value: unknown, path: Path, issues: Issue[]) => unknown

/** Compiles one field into a function; nothing of the field is looked at again afterwards. */
export function compileCheck(facts: FieldFacts, source: Source): Check {
  const inner = checkOf(facts, source)
  if (!facts.optional) return inner
  if (source === 'text') return (value, path, issues) => (value === null || value === '' ? null : inner(value, path, issues))
  return (value, path, issues) => (value === null ? null : inner(value, path, issues))
}

function checkOf(facts: FieldFacts, source: Source): Check {
  switch (facts.kind) {
    case 'text':
      return checkText(facts)
    case 'email':
      return checkEmail
    case 'url':
      return checkUrl
    case 'int':
    case 'float':
      return checkNumber(facts, source)
    case 'decimal':
      return checkDecimal(facts)
    case 'bool':
      return source === 'text' ? checkBoolText : checkBool
    case 'time':
      return checkTime
    case 'date':
      return checkDate
    case 'json':
      return checkJson
    case 'oneOf':
      return checkOneOf(facts.values)
    case 'list':
      return checkList(facts, source)
    case 'file':
      return checkFile
    case 'id':
      return checkId(facts.of)
    case 'belongsTo':
      return checkId(facts.target)
    case 'hasMany':
    case 'manyToMany':
      return (_value, path, issues) => refuse(path, issues, 'cannot be written: it is the other side of a relation')
  }
}

function refuse(path: Path, issues: Issue[], message: string): undefined {
  issues.push({ path: [...path], message })
  return undefined
}

function checkText(facts: FieldFacts & { kind: 'text' }): Check {
  const { min, max, trim } = facts
  // With g or y an expression remembers where it stopped, and would refuse every other text
  const match = facts.match && new RegExp(facts.match.source, facts.match.flags.replaceAll(/[gy]/g, ''))
  return (value, path, issues) => {
    if (typeof value !== 'string') return refuse(path, issues, `must be text, not ${nameOf(value)}`)
    const text = trim ? value.trim() : value
    // code units are at least code points, so most texts need no counting
    const length = text.length <= max && text.length >= min * 2 ? text.length : countPoints(text)
    if (length < min)
      return refuse(path, issues, min === 1 ? 'must not be empty' : `must have at least ${min} characters, it has ${length}`)
    if (length > max) return refuse(path, issues, `must have at most ${max} characters, it has ${length}`)
    if (text.includes('\0')) return refuse(path, issues, 'must not contain the NUL character')
    if (!text.isWellFormed()) return refuse(path, issues, 'must be well-formed Unicode')
    if (match !== undefined && !match.test(text)) return refuse(path, issues, `must match ${facts.match}`)
    return text
  }
}

function countPoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

// The form that HTML's input type=email accepts, with a domain that has a dot or is a single name; linear time.
const emailForm = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}$/

function checkEmail(value: unknown, path: Path, issues: Issue[]): unknown {
  if (typeof value !== 'string') return refuse(path, issues, `must be an e-mail address, not ${nameOf(value)}`)
  const address = value.trim().toLowerCase()
  if (address.length > 254 || !emailForm.test(address)) return refuse(path, issues, 'must be an e-mail address')
  return address
}

function checkUrl(value: unknown, path: Path, issues: Issue[]): unknown {
  if (typeof value !== 'string' || value.length > 2048 || !URL.canParse(value))
    return refuse(path, issues, 'must be an absolute URL')
  const parsed = new URL(value)
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return refuse(path, issues, 'must be an http or https URL')
  return parsed.href
}

function checkNumber(facts: FieldFacts & { kind: 'int' | 'float' }, source: Source): Check {
  const { min, max } = facts
  const whole = facts.kind === 'int'
  const form = whole ? /^-?\d{1,16}$/ : /^-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/
  return (value, path, issues) => {
    const number = source === 'text' && typeof value === 'string' && form.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !(whole ? Number.isSafeInteger(number) : Number.isFinite(number))) {
      return refuse(path, issues, noNumber(number, { whole, source }))
    }
    if (number < min) return refuse(path, issues, `must be at least ${min}, it is ${number}`)
    if (number > max) return refuse(path, issues, `must be at most ${max}, it is ${number}`)
    // -0 has no JSON and no column of its own
    return number === 0 ? 0 : number
  }
}

function noNumber(value: unknown, { whole, source }: { whole: boolean; source: Source }): string {
  const wanted = `must be a ${whole ? 'whole ' : ''}number`
  if (Number.isInteger(value)) return `${wanted} of at most ${Number.MAX_SAFE_INTEGER} either way, it is ${value}`
  if (typeof value === 'number') return `${wanted}, it is ${value}`
  // whatever comes in a query or a form is text
  return source === 'text' && typeof value === 'string' ? wanted : `${wanted}, not ${nameOf(value)}`
}

/** Exact in both worlds, so numbers are refused: 0.1 + 0.2 would be too late to mend. */
function checkDecimal(facts: FieldFacts & { kind: 'decimal' }): Check {
  const { precision, scale } = facts
  const min = facts.min === undefined ? undefined : partsOf(facts.min, scale)
  const max = facts.max === undefined ? undefined : partsOf(facts.max, scale)
  const highest = 10n ** BigInt(precision)
  return (value, path, issues) => {
    const parts = partsOf(value, scale)
    if (parts === undefined) {
      if (partsOf(value, mostDigits) !== undefined) {
        return refuse(path, issues, `must have at most ${scale} digits after the point, it is ${value}`)
      }
      return refuse(path, issues, `must be a decimal in text, like "${decimalOf(10 ** scale, scale)}", not ${nameOf(value)}`)
    }
    if (parts >= highest || parts <= -highest) {
      return refuse(path, issues, `must have at most ${precision - scale} digits before the point`)
    }
    const text = decimalOf(parts, scale)
    if (min !== undefined && parts < min) return refuse(path, issues, `must be at least ${facts.min}, it is ${text}`)
    if (max !== undefined && parts > max) return refuse(path, issues, `must be at most ${facts.max}, it is ${text}`)
    return text
  }
}

function checkBool(value: unknown, path: Path, issues: Issue[]): unknown {
  return typeof value === 'boolean' ? value : refuse(path, issues, `must be true or false, not ${nameOf(value)}`)
}

function checkBoolText(value: unknown, path: Path, issues: Issue[]): unknown {
  if (value === true || value === 'true' || value === '1' || value === 'on') return true
  if (value === false || value === 'false' || value === '0' || value === '') return false
  return refuse(path, issues, 'must be true or false')
}

// RFC 3339 with a zone; without one the same text would mean another moment on another machine
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

// what is earlier has no place in PostgreSQL, and a value means the same on every database
const earliest = Date.UTC(-4712, 0, 1)

function checkTime(value: unknown, path: Path, issues: Issue[]): unknown {
  const moment = value instanceof Date ? value : typeof value === 'string' && timeForm.test(value) ? new Date(value) : undefined
  if (moment === undefined || Number.isNaN(moment.getTime())) {
    return refuse(path, issues, 'must be a time with its zone, like "2026-11-21T09:30:00Z"')
  }
  return moment.getTime() < earliest ? refuse(path, issues, 'must not be before the year 4713 BC') : moment
}

function checkDate(value: unknown, path: Path, issues: Issue[]): unknown {
  const form = typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)
  // a day that does not exist, like the 30th of February, comes back as another one
  if (!form || Number.isNaN(Date.parse(value)) || new Date(value).toISOString().slice(0, 10) !== value) {
    return refuse(path, issues, 'must be a day, like "2026-11-21"')
  }
  return value
}

function checkJson(value: unknown, path: Path, issues: Issue[]): unknown {
  return value === undefined ? refuse(path, issues, 'is required') : value
}

function checkOneOf(values: readonly string[]): Check {
  const known = new Set(values)
  const words = values.map((word) => `"${word}"`).join(', ')
  return (value, path, issues) =>
    typeof value === 'string' && known.has(value) ? value : refuse(path, issues, `must be one of ${words}`)
}

function checkList(facts: FieldFacts & { kind: 'list' }, source: Source): Check {
  const { min, max } = facts
  const check = compileCheck(facts.of, source)
  return (value, path, issues) => {
    const items = source === 'text' && !Array.isArray(value) ? [value] : value
    if (!Array.isArray(items)) return refuse(path, issues, `must be a list, not ${nameOf(value)}`)
    if (items.length < min) return refuse(path, issues, `must have at least ${min} items, it has ${items.length}`)
    if (items.length > max) return refuse(path, issues, `must have at most ${max} items, it has ${items.length}`)
    return items.map((item, index) => {
      path.push(index)
      const accepted = check(item, path, issues)
      path.pop()
      return accepted
    })
  }
}

/** Files are made by the server from an upload; nothing that a sender writes in JSON is one. */
const received = new WeakSet<object>()

/** Marks a value as a file that the server itself has received. */
export function markReceived<File extends object>(file: File): File {
  received.add(file)
  return file
}

function checkFile(value: unknown, path: Path, issues: Issue[]): unknown {
  if (typeof value === 'object' && value !== null && received.has(value)) return value
  return refuse(path, issues, 'must be a file: send it as multipart/form-data, or name one that was uploaded')
}

const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function checkId(of: string): Check {
  return (value, path, issues) =>
    typeof value === 'string' && idForm.test(value) ? value : refuse(path, issues, `must be the id of a row of ${of}`)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
