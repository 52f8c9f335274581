import fc from 'fast-check'
import { belongsTo, hasMany, type Models, manyToMany, model, optional, softDelete, version } from '../index.ts'
import { kinds } from './values.fixture.ts'

export interface FieldPlan {
  readonly name: string
  readonly kind: string
  readonly nullable: boolean
}
export interface ReferencePlan {
  readonly name: string
  readonly target: string
  readonly nullable: boolean
  readonly onDelete: 'restrict' | 'cascade' | 'null'
}
export interface ModelPlan {
  readonly name: string
  readonly fields: readonly FieldPlan[]
  readonly references: readonly ReferencePlan[]
  /** Other models that name this one, by the field of theirs. */
  readonly many: readonly { readonly name: string; readonly target: string; readonly by: string }[]
  readonly linked: readonly { readonly name: string; readonly target: string }[]
  readonly unique: readonly (readonly string[])[]
  readonly search: readonly string[]
  readonly soft: boolean
  readonly version: boolean
}
/** The models of one world. */
export type Plan = readonly ModelPlan[]

const names = ['ants', 'bees', 'cats']
const kindNames = Object.keys(kinds)
const uniqueKinds = new Set(['state', 'day', 'whole', 'moment', 'sentence'])

const parts = fc.record({
  // every world has some of the commonest kinds, so that search, figures and groups have something to ask
  kinds: fc.subarray(kindNames, { minLength: 4, maxLength: 11 }).map((some) => [...new Set([...some, 'few', 'sentence'])]),
  nullable: fc.array(fc.boolean(), { minLength: kindNames.length, maxLength: kindNames.length }),
  references: fc.array(
    fc.record({
      target: fc.nat(2),
      nullable: fc.boolean(),
      onDelete: fc.constantFrom('restrict' as const, 'cascade' as const, 'null' as const),
    }),
    { maxLength: 2 },
  ),
  unique: fc.option(fc.nat(3)),
  soft: fc.boolean(),
  version: fc.boolean(),
  linked: fc.boolean(),
})

/** Two or three models that name each other and themselves. */
export const plans: fc.Arbitrary<Plan> = fc.array(parts, { minLength: 2, maxLength: 3 }).map((all) => {
  // a row that took along what restricts could not be deleted before what it names: no round could be cleared
  const restricts = all.some(({ references }) => references.some(({ onDelete }) => onDelete === 'restrict'))
  const forward = restricts ? 'null' : 'cascade'
  const base = all.map((part, at): ModelPlan => {
    const fields = part.kinds.map((kind, index) => ({ name: kind, kind, nullable: part.nullable[index] ?? false }))
    const references = part.references.map((reference, index): ReferencePlan => {
      const to = reference.target % all.length
      // the first row of a model can name only rows of models before it
      const nullable = reference.nullable || to >= at
      const onDelete = to > at ? forward : reference.onDelete === 'null' && !nullable ? 'cascade' : reference.onDelete
      return { name: `ref${index}`, target: names[to] ?? '', nullable, onDelete }
    })
    const unique = part.unique === null ? [] : uniqueOf(part.unique, fields, references)
    const search = fields.filter(({ kind }) => kind === 'sentence' || kind === 'word').map(({ name }) => name)
    const { soft, version } = part
    return { name: names[at] ?? '', fields, references, many: [], linked: [], unique, search, soft, version }
  })
  return base.map((one, at) => ({
    ...one,
    many: base.flatMap((other) =>
      other.references
        .filter(({ target }) => target === one.name)
        .map(({ name }) => ({ name: `${other.name}_${name}`, target: other.name, by: name })),
    ),
    linked: base.filter((_, other) => isLinked(all, at, other)).map(({ name }) => ({ name: `its_${name}`, target: name })),
  }))
})

function uniqueOf(choice: number, fields: readonly FieldPlan[], references: readonly ReferencePlan[]) {
  const able = fields.filter(({ kind }) => uniqueKinds.has(kind)).map(({ name }) => name)
  const first = able[choice % able.length]
  if (first === undefined) return []
  const second = choice % 2 === 0 ? references[0]?.name : undefined
  return [second === undefined ? [first] : [first, second]]
}

/** Both sides declare it; pairs of a model with itself would need a model of their own. */
function isLinked(all: readonly { readonly linked: boolean }[], one: number, other: number): boolean {
  return one !== other && all[Math.min(one, other)]?.linked === true
}

export function modelsOf(plan: Plan): Models {
  const entries = plan.map(({ name, fields, references, many, linked, unique, search, ...marks }) => {
    const shape: Record<string, any> = {}
    for (const { name, kind, nullable } of fields) {
      const field = kinds[kind]?.field()
      shape[name] = nullable ? optional(field) : field
    }
    for (const { name, target, nullable, onDelete } of references) {
      const field = belongsTo(target, { onDelete })
      shape[name] = nullable ? optional(field) : field
    }
    for (const { name, target, by } of many) shape[name] = hasMany(target, by)
    for (const { name, target } of linked) shape[name] = manyToMany(target)
    if (marks.soft) shape.deletedAt = softDelete()
    if (marks.version) shape.version = version()
    return [name, model(shape, { unique, search })]
  })
  return Object.fromEntries(entries)
}
