import type { FieldFacts } from './field.ts'
import type { ModelShape, OutputFacts, RowFacts } from './output.ts'

/** One thing in a row that is answered: a field of its model, or what the route says stands there. */
export type ShownMember = { readonly field: FieldFacts } | { readonly output: OutputFacts; readonly mayBeNull: boolean }

/** What a row is answered with beside its id, by name, in the order of the model. */
export function shownMembers(
  model: ModelShape,
  row: Pick<RowFacts, 'with' | 'select' | 'private'>,
): ReadonlyMap<string, ShownMember> {
  const members = new Map<string, ShownMember>()
  for (const [name, { '~field': facts }] of Object.entries(model)) {
    const isColumn = facts.kind !== 'hasMany' && facts.kind !== 'manyToMany'
    const isOpen = isColumn && (row.private || !facts.private)
    if (isOpen && (row.select === undefined || row.select.includes(name))) members.set(name, { field: facts })
  }
  for (const [name, output] of Object.entries(row.with)) {
    const facts = Object.hasOwn(model, name) ? model[name]?.['~field'] : undefined
    members.set(name, { output, mayBeNull: facts !== undefined && readsNull(facts) })
  }
  return members
}

/** Whether callers may read null in a field. */
export function readsNull(facts: FieldFacts): boolean {
  return facts.optional || facts.guarded === true
}
