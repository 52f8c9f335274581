import { partsOf } from '../kit/decimal.ts'
import { compileFields, type FieldFacts, type Fields } from '../schema/index.ts'
import type { Column, Comparison, Model, Referrer, Relation } from './catalog.ts'
import { dataError } from './errors.ts'
import { formerNames, optionsOf } from './model.ts'
import type { Shape } from './rows.ts'
import { type Searched, whyNotSearched, wordsColumn } from './words.ts'

export type Draft = Model & {
  readonly relations: Map<string, Relation>
  readonly referrers: Referrer[]
  readonly references: Relation[]
}

const nameForm = /^[a-zA-Z][a-zA-Z0-9_]{0,59}$/
const reservedModels = new Set(['transaction', 'asSystem', 'afterCommit', 'raw'])
const reservedFields = new Set(['id', 'and', 'or', 'not'])
const ownNames = /^tapri_/i
// with the prefix of its words the name of a column would be longer than databases allow
const longestSearched = 50
// PostgreSQL's indexes have at most 32 columns
const mostSearched = 30

/** A model by itself, before it is related to others.
 * @throws TAPRI_DATA_MODEL */
export function draftOf(name: string, shape: Shape, origin: 'app' | 'framework' | 'link', now: () => number): Draft {
  const framework = /^(?:tapri_|sqlite_|pg_)/i.test(name)
  if (!nameForm.test(name) || reservedModels.has(name) || framework !== (origin === 'framework')) {
    throw wrong(name, 'its name must begin with a letter, have only letters, digits and "_", and not be reserved')
  }
  const id: Column = columnOf('id', { kind: 'id', of: name, optional: false, private: false, unique: true })
  const fields: Record<string, Fields[string]> = {}
  const columns = [id]
  for (const [key, field] of Object.entries(shape)) {
    if (!nameForm.test(key) || reservedFields.has(key) || ownNames.test(key))
      throw wrong(name, `a field cannot be called "${key}"`)
    const facts = field['~field']
    if (facts.kind === 'hasMany' || facts.kind === 'manyToMany') continue
    if (facts.kind === 'list' && ['file', 'list', 'json'].includes(facts.of.kind)) {
      throw wrong(name, `the field "${key}" cannot be a list of ${facts.of.kind} fields: make them a model of their own`)
    }
    columns.push(columnOf(key, facts))
    if (!isVersion(facts) && !isSoftDelete(facts)) fields[key] = asField(field)
  }
  refuseTwins(Object.keys(shape), `fields of ${name}`)
  const column = new Map(columns.map((each) => [each.name, each]))
  const options = optionsOf(shape)
  const groups = (kind: 'unique' | 'index') => (options[kind] ?? []).map((group) => checkGroup(name, column, kind, group))
  const [version, secondVersion] = columns.filter((each) => isVersion(each.facts))
  const [deletedAt, secondDeletedAt] = columns.filter((each) => isSoftDelete(each.facts))
  const second = secondVersion ?? secondDeletedAt
  if (second !== undefined) throw wrong(name, `it has "${second.name}" besides another field that counts or marks the same`)
  const search = [...new Set(options.search)].map((each) => searchedOf(name, column, each))
  if (search.length > mostSearched)
    throw wrong(name, `its option search names ${search.length} fields, at most ${mostSearched} can be searched`)
  return {
    name,
    internal: origin !== 'app',
    columns,
    open: columns.filter((each) => !each.private),
    column,
    id,
    relations: new Map(),
    referrers: [],
    references: [],
    files: columns.filter((each) => each.facts.kind === 'file'),
    guarded: columns.filter((each) => each.guarded),
    decimals: columns.filter((each) => each.scale !== undefined),
    unique: [...columns.filter((each) => each !== id && each.facts.unique).map((each) => [each.name]), ...groups('unique')],
    index: groups('index'),
    was: checkFormer(name, columns, formerNames(shape)),
    version,
    deletedAt,
    search,
    stored: [...columns, ...search.map(({ words }) => words)],
    forCreate: compileFields(fields, { source: 'json', absent: 'create', now }),
    forUpdate: compileFields(fields, { source: 'json', absent: 'update', now }),
  }
}

/** @throws TAPRI_DATA_MODEL when a former name cannot have been one */
function checkFormer(name: string, columns: readonly Column[], former: readonly string[]): readonly string[] {
  const odd = [...columns.flatMap(({ facts }) => facts.was ?? []), ...former].find((each) => !nameForm.test(each))
  if (odd !== undefined) throw wrong(name, `it, or a field of it, was never called "${odd}", which is no name`)
  const still = columns.find((each) => each.facts.was?.some((old) => columns.some((other) => other.name === old)))
  if (still !== undefined) throw wrong(name, `the field "${still.name}" was called like a field that it has besides`)
  return former
}

function isVersion(facts: FieldFacts): boolean {
  return facts.kind === 'int' && facts.version === true
}

function isSoftDelete(facts: FieldFacts): boolean {
  return facts.kind === 'time' && facts.softDelete === true
}

function columnOf(name: string, facts: FieldFacts): Column {
  if (facts.kind === 'decimal') return { ...columnOf(name, wholeNumber(facts)), scale: facts.scale }
  const { optional: nullable, private: isPrivate, guarded = false } = facts
  return { name, facts, nullable, private: isPrivate, guarded, comparison: comparisons[facts.kind] ?? 'opaque' }
}

/** A decimal as databases store it: a whole number of its smallest parts, at most 15 digits long. */
function wholeNumber({ scale, precision, min, max, default: usual, ...facts }: FieldFacts & { kind: 'decimal' }): FieldFacts {
  const parts = (value: unknown, otherwise: bigint) => Number(partsOf(value, scale) ?? otherwise)
  const highest = 10n ** BigInt(precision) - 1n
  const fallback = usual === undefined ? {} : { default: parts(usual, 0n) }
  return { ...facts, kind: 'int', min: parts(min, -highest), max: parts(max, highest), ...fallback }
}

const comparisons: Readonly<Record<string, Comparison>> = {
  text: 'text',
  email: 'text',
  url: 'text',
  oneOf: 'text',
  date: 'text',
  id: 'text',
  belongsTo: 'text',
  int: 'number',
  float: 'number',
  bool: 'boolean',
  time: 'time',
  list: 'list',
}

// A shape's fields are `Field` or relations to many rows; the second kind was left out above.
function asField(field: Shape[string]): Fields[string] {
  return field as Fields[string]
}

function checkGroup(
  name: string,
  columns: ReadonlyMap<string, Column>,
  kind: string,
  group: readonly string[],
): readonly string[] {
  const unknown = group.find((each) => !columns.has(each))
  if (unknown !== undefined) throw wrong(name, `its option ${kind} names "${unknown}", which is not one of its fields`)
  if (group.length === 0) throw wrong(name, `its option ${kind} has an empty list of fields`)
  return group
}

function searchedOf(name: string, columns: ReadonlyMap<string, Column>, field: string): Searched {
  const column = columns.get(field)
  const reason =
    field.length > longestSearched ? `which is longer than ${longestSearched} characters` : whyNotSearched(column?.facts)
  if (column === undefined || reason !== undefined) throw wrong(name, `its option search names "${field}", ${reason}`)
  return { field: column, words: wordsColumn(field, column.facts.was) }
}

/** Databases that fold case would take two such names for one. */
export function refuseTwins(names: readonly string[], of: string): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const twin = seen.get(name.toLowerCase())
    if (twin !== undefined)
      throw dataError('TAPRI_DATA_MODEL', `Cannot use the ${of}: "${twin}" and "${name}" differ only in case`)
    seen.set(name.toLowerCase(), name)
  }
}

export function wrong(model: string, reason: string) {
  return dataError('TAPRI_DATA_MODEL', `Cannot use the model "${model}": ${reason}`)
}
