import { invalid } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { Model, Relation } from './catalog.ts'
import { isRecord } from './compare.ts'
import { all, always, equal, within } from './condition.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { fits } from './fits.ts'
import { denied, requireAfter, requireBefore } from './permit.ts'
import { mayBeId } from './read.ts'
import { removeRows } from './remove.ts'
import type { OpenTransaction } from './transaction.ts'
import { newRow } from './values.ts'
import { guardOfLink, namesOne, openedLink } from './where.ts'

type Linked = Relation & { readonly kind: 'linked' }
type Sign = 'add' | 'remove' | 'set'
/** What becomes of the rows of one `manyToMany`. */
export interface Linking {
  readonly relation: Linked
  readonly ids: ReadonlyMap<Sign, ReadonlySet<string>>
}

const mostLinks = 10_000
const everyRow = 2 ** 31 - 1

/** Parts what is written into the values of columns and the links of `manyToMany` fields.
 * @throws TAPRI_INVALID */
export function takeLinks(model: Model, given: unknown): { values: unknown; linkings: readonly Linking[] } {
  if (!isRecord(given)) return { values: given, linkings: [] }
  const linkings: Linking[] = []
  const values: Record<string, unknown> = {}
  for (const key of Object.keys(given)) {
    const relation = model.relations.get(key)
    if (relation?.kind !== 'linked') values[key] = given[key]
    else if (given[key] !== undefined) linkings.push({ relation, ids: readIds(model, key, given[key]) })
  }
  return { values: linkings.length === 0 ? given : values, linkings }
}

/** Adds and removes pairs; each is a change of its own in the log. What the asker may not see stays as it is. */
export async function writeLinks(
  scope: Scope,
  transaction: OpenTransaction,
  row: StoredRow,
  { relation, ids }: Linking,
): Promise<void> {
  const { target, link, from, to } = relation
  const visible = all([namesOne(to, target, scope.guard(target)), guardOfLink(link, scope), openedLink(relation, scope)])
  const set = ids.get('set')
  const removed = ids.get('remove')
  const wanted = new Set([...(set ?? []), ...(ids.get('add') ?? [])])
  // a row may have more pairs than one write names: all that are named are looked at, and all there are to set them
  const named = set === undefined ? within(to, new Set([...wanted, ...(removed ?? [])])) : always
  const rows = await transaction.session.select({
    model: link,
    columns: link.columns,
    condition: all([equal(from, row.id), named, visible]),
    order: [{ column: link.id, down: false }],
    limit: everyRow,
    offset: 0,
  })
  const isLeft = (id: string) => wanted.has(id) || (set === undefined && removed?.has(id) !== true)
  for (const pair of rows) if (!isLeft(String(pair[to.name]))) await unlink(scope, transaction, link, pair)
  const linked = new Set(rows.map((pair) => String(pair[to.name])))
  const fresh = [...wanted].filter((id) => !linked.has(id))
  await requireVisible(scope, transaction, relation, fresh)
  for (const id of fresh) await makeLink(scope, transaction, relation, row.id, id)
}

async function makeLink(
  scope: Scope,
  { session, changes }: OpenTransaction,
  { link, from, to }: Linked,
  one: string,
  other: string,
): Promise<void> {
  const pair = newRow(link, newId(scope.engine.clock.now()), { [from.name]: one, [to.name]: other })
  const outcome = { action: 'create', given: { [from.name]: one, [to.name]: other }, row: pair } as const
  const isSettled = link.internal || (await requireBefore(scope, session, link, outcome))
  await session.insert(link, pair)
  if (!isSettled) await requireAfter(scope, session, link, outcome)
  changes.push({ model: link.name, id: pair.id, before: null, after: pair })
}

async function unlink(scope: Scope, transaction: OpenTransaction, link: Model, pair: StoredRow): Promise<void> {
  const { session } = transaction
  if (!link.internal && !(await fits(session, link, scope.allowed(link, 'delete'), pair))) throw denied(link, 'delete')
  await removeRows(scope, transaction, link, [pair])
}

async function requireVisible(
  scope: Scope,
  { session }: OpenTransaction,
  { name, target }: Linked,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return
  const found = await session.count(target, all([within(target.id, ids), scope.guard(target)]))
  if (found === ids.length) return
  const message = `names ${ids.length - found} that are no rows of ${target.name}`
  throw dataError('TAPRI_DATA_NO_SUCH_ROW', `Cannot save: ${name} ${message}`, { issues: [{ path: [name], message }] })
}

function readIds(model: Model, name: string, value: unknown): ReadonlyMap<Sign, ReadonlySet<string>> {
  const ids = new Map<Sign, ReadonlySet<string>>()
  for (const [sign, list] of Object.entries(isRecord(value) ? value : {})) {
    if (!isSign(sign) || !Array.isArray(list) || list.length > mostLinks) throw refuse(model, name)
    ids.set(sign, new Set(list.map((id) => (mayBeId(id) ? id : ''))))
  }
  if (ids.size === 0 || (ids.has('set') && ids.size > 1)) throw refuse(model, name)
  return ids
}

function isSign(sign: string): sign is Sign {
  return sign === 'add' || sign === 'remove' || sign === 'set'
}

function refuse(model: Model, name: string) {
  const message = `must be { add, remove } or { set }, each a list of at most ${mostLinks} ids`
  return invalid([{ path: [name], message }], `values for ${model.name}`)
}
