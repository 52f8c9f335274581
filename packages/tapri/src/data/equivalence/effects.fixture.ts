import { invalid } from '../../kit/errors.ts'
import type { Column, Model, Referrer } from '../catalog.ts'
import { comparedValue } from '../compare.ts'
import { all, type Condition, equal } from '../condition.ts'
import { comparable, type StoredRow } from '../evaluate.ts'
import { compileWhere, guardOfLink, namesOne } from '../where.ts'
import { settled } from './values.fixture.ts'
import { type Asker, denied, gone, type Linked, refused, type World } from './world.fixture.ts'
import type { Write } from './writes.fixture.ts'

type Values = Readonly<Record<string, unknown>>

/** What a write does to the world, as the docs say it. `ids` are those that the database gave to new rows. */
export class Effects {
  readonly #world: World
  readonly #now: () => number
  readonly #asker: Asker

  constructor(world: World, asker: Asker, now: () => number) {
    this.#world = world
    this.#asker = asker
    this.#now = now
  }

  apply({ model: name, method, given }: Write, ids: readonly string[]): unknown {
    const model = this.#world.model(name)
    if (method === 'create') return this.#create(model, [given], ids)[0]
    if (method === 'createMany') return this.#create(model, given, ids)
    if (method === 'update') return this.#update(model, given)
    if (method === 'delete') return this.#delete(model, given)
    if (method === 'restore') return this.#restore(model, given)
    if (method === 'updateWhere') return this.#updateWhere(model, given)
    if (method === 'deleteWhere') return this.#deleteWhere(model, given)
    return this.#upsert(model, given, ids)
  }

  #create(model: Model, all: readonly Values[], ids: readonly string[]): StoredRow[] {
    this.#requireOpening(model)
    const rows = all.map((values, at) => this.#newRow(model, ids[at] ?? `new ${at}`, values))
    for (const row of rows) this.#requireTargets(model, row)
    for (const [at, row] of rows.entries()) this.#insert(model, row, all[at] ?? {})
    return rows
  }

  #newRow(model: Model, id: string, values: Values): StoredRow {
    const row: Record<string, unknown> = {}
    for (const column of model.columns) row[column.name] = settled(values[column.name]) ?? null
    if (model.version !== undefined) row[model.version.name] = 1
    return { ...row, id }
  }

  #insert(model: Model, row: StoredRow, values: Values): void {
    this.#refuseBefore(model, 'create', row)
    this.#requireUnique(model, row)
    this.#world.put(model, row)
    this.#link(model, row, values)
    if (!this.#world.fits(this.#world.allowed(this.#asker, model, 'create'), row)) throw denied()
  }

  #update(model: Model, { id, changes, stale }: any): StoredRow {
    const before = this.#world.row(model, id)
    const readable = this.#world.allowed(this.#asker, model, 'read')
    if (before === undefined || !this.#world.fits(readable, before)) throw gone()
    if (stale !== undefined && model.version === undefined) throw refused('TAPRI_DATA_QUERY')
    if (stale === true) throw refused('TAPRI_DATA_STALE')
    return this.#change(model, before, changes)
  }

  #change(model: Model, before: StoredRow, given: Values): StoredRow {
    const world = this.#world
    const allowed = world.allowed(this.#asker, model, 'update')
    if (!world.fits(allowed, before)) throw denied()
    const hasLinks = this.#link(model, before, given)
    const changed = changesOf(model, before, given)
    const isTouched = hasLinks || Object.keys(changed).length > 0
    const after = isTouched ? this.#counted(model, { ...before, ...changed }) : before
    this.#requireTargets(model, changed)
    if (isTouched) this.#refuseBefore(model, 'update', after)
    this.#requireUnique(model, after)
    world.put(model, after)
    if (isTouched && !world.fits(allowed, after)) throw denied()
    return after
  }

  #counted(model: Model, row: StoredRow): StoredRow {
    return model.version === undefined ? row : { ...row, [model.version.name]: Number(row[model.version.name]) + 1 }
  }

  #updateWhere(model: Model, { where, changes }: any): number {
    const rows = this.#writable(model, where, 'update', false)
    for (const row of rows) this.#change(model, row, changes)
    return rows.length
  }

  #deleteWhere(model: Model, { where, forever }: any): number {
    if (forever && this.#asker === 'caller') throw refused('TAPRI_DATA_QUERY')
    const rows = this.#writable(model, where, 'delete', forever)
    this.#drop(model, rows, forever)
    return rows.length
  }

  #writable(model: Model, where: unknown, action: 'update' | 'delete', withDeleted: boolean): StoredRow[] {
    const world = this.#world
    const wanted = compileWhere(world.catalog, model, where, world.view(this.#asker))
    const there = withDeleted ? world.ruled(this.#asker, model, action) : world.allowed(this.#asker, model, action)
    const condition = all([wanted, world.ruled(this.#asker, model, 'read'), there])
    return world.rowsOf(model).filter((row) => world.fits(condition, row))
  }

  #delete(model: Model, { id, forever }: any): undefined {
    if (forever && this.#asker === 'caller') throw refused('TAPRI_DATA_QUERY')
    const row = this.#world.row(model, id)
    const world = this.#world
    const readable = forever ? world.ruled(this.#asker, model, 'read') : world.allowed(this.#asker, model, 'read')
    if (row === undefined || !world.fits(readable, row)) throw gone()
    if (!world.fits(world.ruled(this.#asker, model, 'delete'), row)) throw denied()
    this.#drop(model, [row], forever)
  }

  #restore(model: Model, { id }: any): StoredRow {
    const world = this.#world
    const row = world.row(model, id)
    if (row === undefined || !world.fits(world.ruled(this.#asker, model, 'read'), row)) throw gone()
    if (!world.fits(world.ruled(this.#asker, model, 'delete'), row)) throw denied()
    if (model.deletedAt === undefined || row[model.deletedAt.name] === null) return row
    const after = this.#counted(model, { ...row, [model.deletedAt.name]: null })
    world.put(model, after)
    return after
  }

  #upsert(model: Model, { on, values, update }: any, ids: readonly string[]): StoredRow {
    const world = this.#world
    const row = this.#newRow(model, ids[0] ?? 'new', values)
    const key: Column[] = model.columns.filter(({ name }) => on.includes(name))
    const same = all(key.map((column) => equal(column, comparedValue(model, column, row[column.name]))))
    const known = key.some(({ name }) => row[name] === null)
      ? undefined
      : world.rowsOf(model).find((each) => world.fits(same, each))
    // who may not find the row is told what `create` tells
    if (known === undefined || !world.fits(world.allowed(this.#asker, model, 'read'), known)) {
      this.#requireOpening(model)
      this.#requireTargets(model, row)
      this.#insert(model, row, values)
      return row
    }
    const others = Object.fromEntries(Object.entries(values).filter(([name]) => !on.includes(name)))
    return this.#change(model, known, update ?? others)
  }

  #drop(model: Model, rows: readonly StoredRow[], forever: boolean): void {
    const { deletedAt } = model
    const moment = new Date(this.#now())
    if (deletedAt === undefined || forever) this.#remove(model, rows)
    else for (const row of rows) this.#world.put(model, this.#counted(model, { ...row, [deletedAt.name]: moment }))
  }

  /** What goes takes along what cascades; what is left must need none of it, or can forget it. */
  #remove(model: Model, rows: readonly StoredRow[]): void {
    const goes = new Map<string, { readonly model: Model; readonly row: StoredRow }>()
    const waiting = rows.map((row) => ({ model, row }))
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (goes.has(next.row.id)) continue
      goes.set(next.row.id, next)
      const { row } = next
      for (const referrer of next.model.referrers.filter(({ onDelete }) => onDelete === 'cascade')) {
        waiting.push(...this.#naming(referrer, row.id).map((row) => ({ model: referrer.model, row })))
      }
    }
    const left = (referrer: Referrer, id: string) => this.#naming(referrer, id).filter((row) => !goes.has(row.id))
    for (const { model, row } of goes.values()) {
      const restricting = model.referrers.filter(({ onDelete }) => onDelete === 'restrict')
      if (restricting.some((referrer) => left(referrer, row.id).length > 0)) throw refused('TAPRI_DATA_STILL_USED')
    }
    const forgetting = new Map<string, { readonly model: Model; row: StoredRow }>()
    for (const { model, row } of goes.values()) {
      for (const referrer of model.referrers.filter(({ onDelete }) => onDelete === 'null')) {
        for (const naming of left(referrer, row.id)) {
          const known = forgetting.get(naming.id)?.row ?? this.#counted(referrer.model, naming)
          forgetting.set(naming.id, { model: referrer.model, row: { ...known, [referrer.column.name]: null } })
        }
      }
    }
    for (const { model, row } of forgetting.values()) this.#world.put(model, row)
    for (const { model, row } of goes.values()) this.#world.drop(model, row.id)
  }

  #naming({ model, column }: Referrer, id: string): StoredRow[] {
    return this.#world.rowsOf(model).filter((row) => row[column.name] === id)
  }

  #link(model: Model, row: StoredRow, given: Values): boolean {
    const linked = [...model.relations.values()].filter((relation) => relation.kind === 'linked' && relation.name in given)
    for (const relation of linked) if (relation.kind === 'linked') this.#linkTo(relation, row, given[relation.name])
    return linked.length > 0
  }

  #linkTo(relation: Linked, row: StoredRow, { add = [], remove = [], set }: any): void {
    const world = this.#world
    const { target, link, from, to } = relation
    const view = world.view(this.#asker)
    const visible = all([equal(from, row.id), namesOne(to, target, view.guard(target)), guardOfLink(link, view)])
    const pairs = world.rowsOf(link).filter((pair) => world.fits(visible, pair))
    const wanted = new Set<string>([...(set ?? []), ...add])
    const isLeft = (id: string) => wanted.has(id) || (set === undefined && !remove.includes(id))
    for (const pair of pairs) if (!isLeft(String(pair[to.name]))) world.drop(link, pair.id)
    const fresh = [...wanted].filter((id) => !pairs.some((pair) => pair[to.name] === id))
    for (const id of fresh) {
      const found = world.row(target, id)
      if (found === undefined || !world.fits(view.guard(target), found)) throw refused('TAPRI_DATA_NO_SUCH_ROW')
    }
    for (const id of fresh) world.pair(relation, row.id, id)
  }

  #requireOpening(model: Model): void {
    if (this.#world.allowed(this.#asker, model, 'create').kind === 'never') throw denied()
  }

  /** What is not allowed is said before what is taken, unless it depends on the written row being there. */
  #refuseBefore(model: Model, action: 'create' | 'update', row: StoredRow): void {
    const allowed = this.#world.allowed(this.#asker, model, action)
    if (!mayDependOn(model, allowed) && !this.#world.fits(allowed, row)) throw denied()
  }

  #requireTargets(model: Model, values: Values): void {
    for (const { name, target } of model.references) {
      const id = values[name]
      if (typeof id !== 'string') continue
      const found = this.#world.row(target, id)
      const readable = this.#world.view(this.#asker).guard(target)
      // what may not be read is not there
      if (found === undefined || !this.#world.fits(readable, found)) throw refused('TAPRI_DATA_NO_SUCH_ROW')
    }
  }

  /** Null is equal to nothing here. */
  #requireUnique(model: Model, row: StoredRow): void {
    for (const group of model.unique) {
      const values = group.map((name) => comparable(row[name]))
      if (values.includes(null)) continue
      const isTwin = (other: StoredRow) =>
        other.id !== row.id && group.every((name, at) => comparable(other[name]) === values[at])
      if (this.#world.rowsOf(model).some(isTwin)) throw refused('TAPRI_DATA_NOT_UNIQUE')
    }
  }
}

/** Whether a condition on a row may ask rows of its own model, or rows that name it. */
function mayDependOn(model: Model, condition: Condition): boolean {
  if (condition.kind === 'some') return true
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some((part) => mayDependOn(model, part))
  return condition.kind === 'related' && (condition.target === model || mayDependOn(model, condition.of))
}

function changesOf(model: Model, before: StoredRow, given: Values): Values {
  const changed: Record<string, unknown> = {}
  for (const { name, comparison } of model.columns) {
    if (!(name in given)) continue
    const value = settled(added(before[name], given[name], comparison))
    const isSame =
      comparable(value) === undefined
        ? JSON.stringify(value) === JSON.stringify(before[name])
        : comparable(value) === comparable(before[name])
    if (!isSame) changed[name] = value
  }
  return changed
}

function added(before: unknown, value: any, comparison: string): unknown {
  if (comparison !== 'number' || typeof value !== 'object' || value === null) return value
  if (typeof before !== 'number') throw invalid([], 'values')
  return before + value['~add']
}
