import type { Issue } from '../kit/errors.ts'
import { compileCheck, type Path } from './check.ts'
import type { FieldFacts, StandardSchemaV1 } from './field.ts'
import { type OutputFacts, type OutputSchema, outputFacts, type RowFacts } from './output.ts'
import { readsNull, type ShownMember, shownMembers } from './shown.ts'

/** Reports what is not as a route says; the value stays as it is. */
type OutputCheck = (value: unknown, path: Path, issues: Issue[]) => void | Promise<void>

/**
 * Compiles what a route says of its answers into a check of the values that its handler gives, before they are JSON.
 * Answers what is wrong, nothing when all is as it was said.
 * @example await compileOutput({ likes: int() })({ likes: 'many' }) // [{ path: ['likes'], message: 'must be a whole number, not a string' }]
 */
export function compileOutput(schema: OutputSchema): (value: unknown) => Promise<readonly Issue[]> {
  const check = checkOf(outputFacts(schema))
  return async (value) => {
    const issues: Issue[] = []
    await check(value, [], issues)
    return issues
  }
}

function checkOf(facts: OutputFacts): OutputCheck {
  switch (facts.kind) {
    case 'field':
      return fieldCheck(facts.facts)
    case 'object':
      return objectCheck(new Map(Object.entries(facts.members).map(([name, member]) => [name, memberOf(member)])))
    case 'row':
      return rowCheck(facts)
    case 'list':
      return listCheck(checkOf(facts.of))
    case 'page':
      return objectCheck(
        new Map([
          ['rows', { check: listCheck(checkOf(facts.of)), mayBeAbsent: false }],
          ['next', { check: checkCursor, mayBeAbsent: false }],
        ]),
      )
    case 'nullable':
      return orNull(checkOf(facts.of))
    case 'standard':
      return standardCheck(facts.schema)
    case 'nothing':
      return (value, path, issues) => {
        if (value !== undefined) refuse(path, issues, 'must be nothing')
      }
    // what these send is made while it is sent, by `reply`
    case 'content':
    case 'events':
    case 'lines':
      return () => {}
  }
}

interface Member {
  readonly check: OutputCheck
  readonly mayBeAbsent: boolean
}

function memberOf(facts: OutputFacts): Member {
  return { check: checkOf(facts), mayBeAbsent: facts.kind === 'field' && facts.facts.mayBeAbsent === true }
}

function rowCheck(row: RowFacts): OutputCheck {
  // its fields are known where the document is made, which the check does not wait for
  if (typeof row.model === 'string') return requireObject
  const members = new Map<string, Member>([['id', { check: checkText, mayBeAbsent: false }]])
  for (const [name, member] of shownMembers(row.model, row)) {
    members.set(name, { check: shownCheck(member), mayBeAbsent: false })
  }
  return objectCheck(members)
}

function shownCheck(member: ShownMember): OutputCheck {
  if ('field' in member) return fieldCheck(member.field)
  const check = checkOf(member.output)
  return member.mayBeNull ? orNull(check) : check
}

function objectCheck(members: ReadonlyMap<string, Member>): OutputCheck {
  return async (value, path, issues) => {
    if (!isObject(value)) return refuse(path, issues, 'must be an object')
    for (const [name, { check, mayBeAbsent }] of members) {
      const at = [...path, name]
      if (value[name] !== undefined) await check(value[name], at, issues)
      else if (!mayBeAbsent) refuse(at, issues, 'is missing')
    }
    for (const name of Object.keys(value)) {
      if (!members.has(name) && value[name] !== undefined) refuse([...path, name], issues, 'is not said in it')
    }
  }
}

function listCheck(check: OutputCheck): OutputCheck {
  return async (value, path, issues) => {
    if (!Array.isArray(value)) return refuse(path, issues, 'must be a list')
    for (const [index, item] of value.entries()) await check(item, [...path, index], issues)
  }
}

function fieldCheck(facts: FieldFacts): OutputCheck {
  const check = presentCheck(facts)
  return readsNull(facts) ? orNull(check) : check
}

function presentCheck(facts: FieldFacts): OutputCheck {
  if (facts.kind === 'file') return requireStored
  if (facts.kind === 'list') return listCheck(fieldCheck(facts.of))
  const check = compileCheck({ ...facts, optional: false }, 'json')
  return (value, path, issues) => void check(value, path, issues)
}

function standardCheck(schema: StandardSchemaV1<any, any>): OutputCheck {
  return async (value, path, issues) => {
    const outcome = await schema['~standard'].validate(value)
    for (const { path: steps = [], message } of outcome.issues ?? []) {
      const at = steps.map((step) => (typeof step === 'object' ? step.key : step))
      refuse([...path, ...at.map((key) => (typeof key === 'number' ? key : String(key)))], issues, message)
    }
  }
}

function orNull(check: OutputCheck): OutputCheck {
  return (value, path, issues) => (value === null ? undefined : check(value, path, issues))
}

const checkText: OutputCheck = (value, path, issues) => {
  if (typeof value !== 'string') refuse(path, issues, 'must be text')
}
const checkCursor = orNull(checkText)

const requireObject: OutputCheck = (value, path, issues) => {
  if (!isObject(value)) refuse(path, issues, 'must be an object')
}

function requireStored(value: unknown, path: Path, issues: Issue[]): void {
  if (!isObject(value) || typeof value.id !== 'string' || typeof value.url !== 'string') {
    refuse(path, issues, 'must be a stored file')
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(path: Path, issues: Issue[], message: string): void {
  issues.push({ path: [...path], message })
}
