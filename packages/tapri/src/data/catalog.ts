import type { FieldFacts, Fields } from '../schema/index.ts'
import { compileFields, type Validator } from '../schema/index.ts'
import { dataError } from './errors.ts'
import { optionsOf } from './model.ts'
import type { Models, Shape } from './types.ts'

/** How a column's values compare; `opaque` ones do not. */
export type Comparison = 'text' | 'number' | 'boolean' | 'time' | 'list' | 'opaque'

export interface Column {
  readonly name: string
  readonly facts: FieldFacts
  readonly nullable: boolean
  /** Only `db.asSystem` sees it. */
  readonly private: boolean
  readonly comparison: Comparison
}

export type Relation =
  | { readonly kind: 'one'; readonly name: string; readonly column: Column; readonly target: Model }
  | { readonly kind: 'many'; readonly name: string; readonly target: Model; readonly by: Column }

/** Rows of `model` name a row in `column`; `onDelete` says what becomes of them without it. */
export interface Referrer {
  readonly model: Model
  readonly column: Column
  readonly onDelete: 'restrict' | 'cascade' | 'null'
}

/** A model made ready for work: everything that a query asks of it is looked up, not computed. */
export interface Model {
  readonly name: string
  /** A table of the framework itself; callers never see it. */
  readonly internal: boolean
  /** `id` first, then as declared. */
  readonly columns: readonly Column[]
  /** The columns that callers see. */
  readonly open: readonly Column[]
  readonly column: ReadonlyMap<string, Column>
  readonly id: Column
  readonly relations: ReadonlyMap<string, Relation>
  readonly referrers: readonly Referrer[]
  readonly references: readonly (Relation & { kind: 'one' })[]
  readonly files: readonly Column[]
  readonly unique: readonly (readonly string[])[]
  readonly index: readonly (readonly string[])[]
  readonly forCreate: Validator
  readonly forUpdate: Validator
}

export type Catalog = ReadonlyMap<string, Model>

type Draft = Model & {
  readonly relations: Map<string, Relation>
  readonly referrers: Referrer[]
  readonly references: Relation[]
}

/** Checks the models against each other and makes them ready.
 * @throws TAPRI_DATA_MODEL */
export function openCatalog(models: Models, internal: Models, now: () => number): Catalog {
  const drafts = new Map<string, Draft>()
  for (const [name, shape] of Object.entries(models)) drafts.set(name, draftOf(name, shape, false, now))
  for (const [name, shape] of Object.entries(internal)) drafts.set(name, draftOf(name, shape, true, now))
  refuseTwins([...drafts.keys()], 'models')
  for (const draft of drafts.values()) relate(draft, internal[draft.name] ?? models[draft.name] ?? {}, drafts)
  return drafts
}

const nameForm = /^[a-zA-Z][a-zA-Z0-9_]{0,59}$/
const reservedModels = new Set(['transaction', 'asSystem'])
const reservedFields = new Set(['id', 'and', 'or', 'not'])

function draftOf(name: string, shape: Shape, internal: boolean, now: () => number): Draft {
  const framework = /^(?:tapri_|sqlite_|pg_)/i.test(name)
  if (!nameForm.test(name) || reservedModels.has(name) || framework !== internal) {
    throw wrong(name, 'its name must begin with a letter, have only letters, digits and "_", and not be reserved')
  }
  const id: Column = columnOf('id', { kind: 'id', of: name, optional: false, private: false, unique: true })
  const fields: Record<string, Fields[string]> = {}
  const columns = [id]
  for (const [key, field] of Object.entries(shape)) {
    if (!nameForm.test(key) || reservedFields.has(key)) throw wrong(name, `a field cannot be called "${key}"`)
    const facts = field['~field']
    if (facts.kind === 'hasMany') continue
    if (facts.kind === 'list' && ['file', 'list', 'json'].includes(facts.of.kind)) {
      throw wrong(name, `the field "${key}" cannot be a list of ${facts.of.kind} fields: make them a model of their own`)
    }
    fields[key] = asField(field)
    columns.push(columnOf(key, facts))
  }
  refuseTwins(Object.keys(shape), `fields of ${name}`)
  const column = new Map(columns.map((each) => [each.name, each]))
  const options = optionsOf(shape)
  const groups = (kind: 'unique' | 'index') => (options[kind] ?? []).map((group) => checkGroup(name, column, kind, group))
  return {
    name,
    internal,
    columns,
    open: columns.filter((each) => !each.private),
    column,
    id,
    relations: new Map(),
    referrers: [],
    references: [],
    files: columns.filter((each) => each.facts.kind === 'file'),
    unique: [...columns.filter((each) => each !== id && each.facts.unique).map((each) => [each.name]), ...groups('unique')],
    index: groups('index'),
    forCreate: compileFields(fields, { source: 'json', absent: 'create', now }),
    forUpdate: compileFields(fields, { source: 'json', absent: 'update', now }),
  }
}

function columnOf(name: string, facts: FieldFacts): Column {
  return { name, facts, nullable: facts.optional, private: facts.private, comparison: comparisons[facts.kind] ?? 'opaque' }
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

// A shape's fields are `Field` or `HasMany`; the second kind was left out above.
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

function relate(model: Draft, shape: Shape, drafts: ReadonlyMap<string, Draft>): void {
  for (const [name, field] of Object.entries(shape)) {
    const facts = field['~field']
    if (facts.kind !== 'belongsTo' && facts.kind !== 'hasMany') continue
    const target = drafts.get(facts.target)
    if (target === undefined || (target.internal && !model.internal)) {
      throw wrong(model.name, `the field "${name}" refers to "${facts.target}", which is not a model of the app`)
    }
    if (facts.kind === 'belongsTo') relateOne(model, name, facts, target)
    else relateMany(model, name, facts.by, target)
  }
}

function relateOne(model: Draft, name: string, facts: FieldFacts & { kind: 'belongsTo' }, target: Draft): void {
  const column = model.column.get(name)
  if (column === undefined) return
  if (facts.onDelete === 'null' && !facts.optional) {
    throw wrong(model.name, `the field "${name}" says onDelete: 'null', so it must be optional(belongsTo(…))`)
  }
  const relation = { kind: 'one', name, column, target } as const
  model.relations.set(name, relation)
  model.references.push(relation)
  target.referrers.push({ model, column, onDelete: facts.onDelete })
}

function relateMany(model: Draft, name: string, by: string, target: Draft): void {
  const column = target.column.get(by)
  if (column?.facts.kind !== 'belongsTo' || column.facts.target !== model.name) {
    throw wrong(
      model.name,
      `"${name}" is hasMany('${target.name}', '${by}'), so ${target.name} must have ${by}: belongsTo('${model.name}')`,
    )
  }
  model.relations.set(name, { kind: 'many', name, target, by: column })
}

/** Databases that fold case would take two such names for one. */
function refuseTwins(names: readonly string[], of: string): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const twin = seen.get(name.toLowerCase())
    if (twin !== undefined)
      throw dataError('TAPRI_DATA_MODEL', `Cannot use the ${of}: "${twin}" and "${name}" differ only in case`)
    seen.set(name.toLowerCase(), name)
  }
}

function wrong(model: string, reason: string) {
  return dataError('TAPRI_DATA_MODEL', `Cannot use the model "${model}": ${reason}`)
}
