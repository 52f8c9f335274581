import { belongsTo, type FieldFacts, was } from '../schema/index.ts'
import type { Model, Relation } from './catalog.ts'
import { dataError } from './errors.ts'
import { formerNames, model } from './model.ts'
import type { Models, Shape } from './rows.ts'

type LinkFacts = FieldFacts & { readonly kind: 'manyToMany' }

/** The tables of pairs that `manyToMany` fields need and no model is declared for.
 * @throws TAPRI_DATA_MODEL */
export function linkShapes(models: Models): Models {
  const made: Record<string, { readonly shape: Shape; readonly sides: Set<string> }> = {}
  for (const [name, shape] of Object.entries(models)) {
    for (const [field, { '~field': facts }] of Object.entries(shape)) {
      if (facts.kind !== 'manyToMany' || !(facts.target in models)) continue
      const link = linkName(name, facts)
      if (link in models) {
        if (facts.through === undefined)
          throw wrong(name, field, `the model "${link}" is declared already: say through: '${link}'`)
        continue
      }
      if (facts.target === name) {
        throw wrong(
          name,
          field,
          'it relates the model to itself: declare a model of the pairs, and name it by `through` and `by`',
        )
      }
      const known = made[link]
      if (known === undefined) made[link] = { shape: pairs(models, name, facts), sides: new Set([name]) }
      else if (known.sides.has(name) || !(name in known.shape) || !(facts.target in known.shape)) {
        throw wrong(name, field, `its pairs would be mixed with others in "${link}": give it a name of its own with \`through\``)
      } else known.sides.add(name)
    }
  }
  return Object.fromEntries(Object.entries(made).map(([name, { shape }]) => [name, shape]))
}

/** The relation that a `manyToMany` field is, once all models are known.
 * @throws TAPRI_DATA_MODEL */
export function linkedBy(
  { name: model }: Model,
  name: string,
  facts: LinkFacts,
  target: Model,
  models: ReadonlyMap<string, Model>,
): Relation {
  const linked = linkName(model, facts)
  const link = models.get(linked)
  if (link === undefined) throw wrong(model, name, `there is no model "${linked}"`)
  const sides = link.columns.filter((each) => each.facts.kind === 'belongsTo')
  const from = sides.filter((each) => namesOnly(each.facts, model) && (facts.by === undefined || each.name === facts.by))
  const to = sides.filter((each) => namesOnly(each.facts, target.name) && each !== from[0])
  const [first] = from
  const [second] = to
  if (first === undefined || second === undefined || from.length > 1 || to.length > 1) {
    throw wrong(
      model,
      name,
      `"${linked}" must have one field belongsTo('${model}') and one belongsTo('${target.name}'); say by: '…' where both could be this row`,
    )
  }
  if (link.deletedAt !== undefined)
    throw wrong(model, name, `and pairs in "${linked}" are made and deleted whole: take softDelete() out of it`)
  return { kind: 'linked', name, target, link, from: first, to: second }
}

/** Both sides come to the same name, whichever declares it. */
function linkName(model: string, { target, through }: LinkFacts): string {
  return through ?? [model, target].sort().join('_')
}

/** The pairs, and what their table and its columns were called when the models had other names. */
function pairs(models: Models, one: string, facts: LinkFacts): Shape {
  const other = facts.target
  const formerly = (name: string) => formerNames(models[name] ?? {})
  const side = (name: string) =>
    formerly(name).reduceRight((field, former) => was(former, field), belongsTo(name, { onDelete: 'cascade' }))
  const links = [one, ...formerly(one)].flatMap((first) =>
    [other, ...formerly(other)].map((second) => linkName(first, { ...facts, target: second })),
  )
  return model(
    { [one]: side(one), [other]: side(other) },
    { unique: [[one, other]], was: links.filter((name) => name !== links[0]) },
  )
}

function namesOnly(facts: FieldFacts, target: string): boolean {
  return facts.kind === 'belongsTo' && facts.target === target && !facts.optional
}

function wrong(model: string, field: string, reason: string) {
  return dataError('TAPRI_DATA_MODEL', `Cannot use the model "${model}": "${field}" is manyToMany, ${reason}`)
}
