import type { FieldFacts, Validator } from '../schema/index.ts'
import { type Draft, draftOf, refuseTwins, wrong } from './draft.ts'
import { linkedBy, linkShapes } from './links.ts'
import type { Models, Shape } from './rows.ts'
import type { Searched } from './words.ts'

/** How a column's values compare; `opaque` ones do not. */
export type Comparison = 'text' | 'number' | 'boolean' | 'time' | 'list' | 'opaque'

export interface Column {
  readonly name: string
  readonly facts: FieldFacts
  readonly nullable: boolean
  /** Only `db.asSystem` sees it. */
  readonly private: boolean
  /** To callers it is null in the rows in which no rule opens it. */
  readonly guarded: boolean
  readonly comparison: Comparison
  /** Of a decimal, which is stored as the whole number of its smallest parts: how many digits stand after the point. */
  readonly scale?: number
}

export type Relation =
  | { readonly kind: 'one'; readonly name: string; readonly column: Column; readonly target: Model }
  | { readonly kind: 'many'; readonly name: string; readonly target: Model; readonly by: Column }
  /** Rows of `link` name a row of this model in `from` and one of the target in `to`. */
  | {
      readonly kind: 'linked'
      readonly name: string
      readonly target: Model
      readonly link: Model
      readonly from: Column
      readonly to: Column
    }

/** Rows of `model` name a row in `column`; `onDelete` says what becomes of them without it. */
export interface Referrer {
  readonly model: Model
  readonly column: Column
  readonly onDelete: 'restrict' | 'cascade' | 'null'
}

/** A model made ready for work: everything that a query asks of it is looked up, not computed. */
export interface Model {
  readonly name: string
  /** A table of the framework itself, or the pairs of a `manyToMany`; callers never see it. */
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
  readonly decimals: readonly Column[]
  readonly guarded: readonly Column[]
  readonly unique: readonly (readonly string[])[]
  readonly index: readonly (readonly string[])[]
  /** Marks deleted rows, which then stay in the table. */
  readonly deletedAt: Column | undefined
  /** What its table was called before, the latest name first. */
  readonly was: readonly string[]
  /** Counts the changes of a row. */
  readonly version: Column | undefined
  readonly search: readonly Searched[]
  /** What the table has: `columns`, and those in which the driver keeps the words of searched fields. */
  readonly stored: readonly Column[]
  readonly forCreate: Validator
  readonly forUpdate: Validator
}

export type Catalog = ReadonlyMap<string, Model>

/** Checks the models against each other and makes them ready.
 * @throws TAPRI_DATA_MODEL */
export function openCatalog(models: Models, internal: Models, now: () => number): Catalog {
  const drafts = new Map<string, Draft>()
  const shapes = { ...models, ...linkShapes(models), ...internal }
  for (const [name, shape] of Object.entries(shapes)) {
    const origin = name in models ? 'app' : name in internal ? 'framework' : 'link'
    drafts.set(name, draftOf(name, shape, origin, now))
  }
  refuseTwins([...drafts.keys()], 'models')
  for (const draft of drafts.values()) relate(draft, shapes[draft.name] ?? {}, drafts)
  return drafts
}

function relate(model: Draft, shape: Shape, drafts: ReadonlyMap<string, Draft>): void {
  for (const [name, field] of Object.entries(shape)) {
    const facts = field['~field']
    if (facts.kind !== 'belongsTo' && facts.kind !== 'hasMany' && facts.kind !== 'manyToMany') continue
    const target = drafts.get(facts.target)
    if (target === undefined || (target.internal && !model.internal)) {
      throw wrong(model.name, `the field "${name}" refers to "${facts.target}", which is not a model of the app`)
    }
    if (facts.kind === 'belongsTo') relateOne(model, name, facts, target)
    else if (facts.kind === 'hasMany') relateMany(model, name, facts.by, target)
    else model.relations.set(name, linkedBy(model, name, facts, target, drafts))
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
