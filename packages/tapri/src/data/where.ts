import type { Catalog, Column, Model, Relation } from './catalog.ts'
import { compileCompare, isRecord, nameOf, wrong } from './compare.ts'
import { all, always, any, type Condition, equal, negate, never } from './condition.ts'
import { asSeen } from './mask.ts'
import { requireModest } from './where-size.ts'

/** What the one who asks may use in a `where`. */
export interface View {
  /** Private columns too. */
  readonly everything: boolean
  /** Rows of a related model that may be looked at. */
  guard(target: Model): Condition
  /** Rows in which a column may be looked at; all of them for a view that has no guarded columns. */
  opened?(model: Model, column: Column): Condition
}

/** Compiles a `where` as people write it.
 * @throws TAPRI_DATA_QUERY with the field and the value that is wrong */
export function compileWhere(catalog: Catalog, model: Model, where: unknown, view: View): Condition {
  requireModest(model, where)
  return compileParts(catalog, model, where, view)
}

function compileParts(catalog: Catalog, model: Model, where: unknown, view: View): Condition {
  if (where === undefined) return all([])
  if (!isRecord(where)) throw wrong(model, `a where must be an object, not ${nameOf(where)}`)
  const parts: Condition[] = []
  for (const key of Object.keys(where)) parts.push(compilePart(catalog, model, key, where[key], view))
  return all(parts)
}

function compilePart(catalog: Catalog, model: Model, key: string, value: unknown, view: View): Condition {
  if (key === 'not') return negate(compileParts(catalog, model, value ?? null, view))
  if (key === 'and' || key === 'or') {
    if (!Array.isArray(value)) throw wrong(model, `"${key}" must be a list, not ${nameOf(value)}`)
    const parts = value.map((each) => compileParts(catalog, model, each ?? null, view))
    return key === 'and' ? all(parts) : any(parts)
  }
  const relation = visibleRelation(model, key, view)
  if (relation?.kind === 'many' || relation?.kind === 'linked') return compileMany(catalog, model, relation, value, view)
  const column = visibleColumn(model, key, view)
  // a filter that is undefined by mistake would open every row
  if (value === undefined) throw wrong(model, `"${key}" is undefined: leave it out, or compare with null`)
  const open = openedTo(view, model, column)
  if (relation?.kind === 'one' && isRecord(value) && !isComparison(value)) {
    return all([open, compileRelated(catalog, relation, value, view)])
  }
  return asSeen(column, open, (seen) => compileCompare(model, seen, value))
}

/** The column, when the asker may know of it. */
export function visibleColumn(model: Model, name: string, view: { readonly everything: boolean }): Column {
  const column = model.column.get(name)
  if (column === undefined || (column.private && !view.everything)) {
    const known = (view.everything ? model.columns : model.open).map((each) => each.name)
    throw wrong(model, `it has no field "${name}" here, only ${known.join(', ')}`)
  }
  return column
}

/** The relation, when the asker may know of it: the other side of a private field tells what that holds. */
export function visibleRelation(model: Model, name: string, view: { readonly everything: boolean }): Relation | undefined {
  const relation = model.relations.get(name)
  if (relation === undefined || view.everything) return relation
  return columnsOf(relation).some((column) => column.private) ? undefined : relation
}

function columnsOf(relation: Relation): readonly Column[] {
  if (relation.kind === 'linked') return [relation.from, relation.to]
  return [relation.kind === 'one' ? relation.column : relation.by]
}

function compileRelated(
  catalog: Catalog,
  { column, target }: Relation & { kind: 'one' },
  where: Readonly<Record<string, unknown>>,
  view: View,
): Condition {
  return namesOne(column, target, all([compileParts(catalog, target, where, view), view.guard(target)]))
}

/** The rows whose column names a row that matches. */
export function namesOne(column: Column, target: Model, of: Condition): Condition {
  if (of.kind === 'never') return of
  // whoever is named exists: the foreign key says so
  if (of.kind === 'always') return equal(column, null, true)
  return { kind: 'related', column, target, of, negated: false }
}

/** Only rows that the asker may look at count: what is hidden is neither `some` nor an exception to `every`. */
function compileMany(
  catalog: Catalog,
  model: Model,
  relation: Relation & { kind: 'many' | 'linked' },
  value: unknown,
  view: View,
): Condition {
  const { name, target } = relation
  const signs = isRecord(value) ? Object.keys(value) : []
  if (!isRecord(value) || signs.length === 0 || signs.some((sign) => value[sign] === undefined)) {
    throw wrong(model, `"${name}" has many rows: ask { some }, { none } or { every } of them`)
  }
  return all(
    signs.map((sign) => {
      const where = compileParts(catalog, target, value[sign], view)
      if (sign === 'some') return isNamedBySome(relation, where, view)
      if (sign === 'none') return negate(isNamedBySome(relation, where, view))
      if (sign === 'every') return negate(isNamedBySome(relation, negate(where), view))
      throw wrong(model, `"${name}" has no comparison "${sign}", only some, none and every`)
    }),
  )
}

function isNamedBySome(relation: Relation & { kind: 'many' | 'linked' }, where: Condition, view: View): Condition {
  const { target } = relation
  const of = all([where, view.guard(target)])
  if (relation.kind === 'many') return someOf(target, relation.by, all([of, openedTo(view, target, relation.by)]))
  const { link, from, to } = relation
  return someOf(link, from, all([namesOne(to, target, of), guardOfLink(link, view), openedLink(relation, view)]))
}

function someOf(target: Model, by: Column, of: Condition): Condition {
  return of.kind === 'never' ? never : { kind: 'some', by, target, of, negated: false }
}

/** A table of pairs has no policy of its own; a model that keeps them does. */
export function guardOfLink(link: Model, view: Pick<View, 'guard'>): Condition {
  return link.internal ? always : view.guard(link)
}

/** The pairs both sides of which may be read. */
export function openedLink({ link, from, to }: Relation & { kind: 'linked' }, view: Pick<View, 'opened'>): Condition {
  return all([openedTo(view, link, from), openedTo(view, link, to)])
}

function openedTo(view: Pick<View, 'opened'>, model: Model, column: Column): Condition {
  return column.guarded && view.opened !== undefined ? view.opened(model, column) : always
}

/** `{ in }`, `{ notIn }` or `{ not: id }` compare the id; any other object asks the related row. */
function isComparison(value: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(value)
  return (
    keys.length > 0 &&
    keys.every((key) => (Array.isArray(value[key]) ? key === 'in' || key === 'notIn' : key === 'not' && !isRecord(value[key])))
  )
}
