import { dataError } from '../../errors.ts'
import { fold } from '../../migration/fold.ts'
import type { ColumnState, MigrationAction, TableState } from '../../migration/state.ts'
import type { Codec } from './codec.ts'
import { codeOf } from './failure.ts'
import { dropFacts, readFacts, saveFacts, strange } from './inspect.ts'
import type { Document, Server } from './server.ts'
import { dropIndex, kindsOf, makeCollection, makeIndex } from './tables.ts'

/** Does single steps of a migration. Each may be done again: the process may have ended in the middle of it. */
export class TableMigration {
  readonly #server: Server
  readonly #codec: Codec
  readonly #tables: Map<string, TableState>

  private constructor(server: Server, codec: Codec, tables: readonly TableState[]) {
    this.#server = server
    this.#codec = codec
    this.#tables = new Map(tables.map((table) => [table.name, table]))
  }

  static async open(server: Server, codec: Codec): Promise<TableMigration> {
    return new TableMigration(server, codec, await readFacts(server))
  }

  async apply(action: MigrationAction): Promise<void> {
    try {
      await this.#apply(action)
    } catch (cause) {
      if (codeOf(cause) !== 11000) throw cause
      const message = `Cannot migrate: rows of "${action.kind === 'create table' ? action.table.name : action.table}" have the same unique value`
      throw dataError('TAPRI_DATA_MIGRATION', message, { cause })
    }
  }

  async #apply(action: MigrationAction): Promise<void> {
    switch (action.kind) {
      case 'create table':
        return this.#create(action.table)
      case 'drop table':
        return this.#drop(action.table)
      case 'rename table':
        return this.#rename(action.table, action.to)
      case 'add column':
        return this.#addColumn(action)
      case 'change column':
        return this.#changeColumn(action)
      case 'drop column':
        return this.#dropColumn(action.table, action.column)
      case 'rename column':
        return this.#renameColumn(action)
      case 'add index': {
        const table = this.#table(action.table)
        await makeIndex(this.#server, table, action.index)
        return this.#save({ ...table, indexes: [...without(table.indexes, action.index.name), action.index] })
      }
      case 'drop index': {
        const table = this.#table(action.table)
        await dropIndex(this.#server, table.name, action.index)
        return this.#save({ ...table, indexes: without(table.indexes, action.index.name) })
      }
      case 'rename index': {
        const table = this.#table(action.table)
        const { index, to } = action
        await dropIndex(this.#server, table.name, index)
        await makeIndex(this.#server, table, { ...index, name: to })
        const others = without(without(table.indexes, index.name), to)
        return this.#save({ ...table, indexes: [...others, { ...index, name: to }] })
      }
    }
  }

  async #create(table: TableState): Promise<void> {
    await makeCollection(this.#server, table)
    for (const index of table.indexes) await makeIndex(this.#server, table, index)
    await this.#save(table)
  }

  async #drop(name: string): Promise<void> {
    await this.#server.db.dropCollection(name)
    await this.#retarget(name, undefined)
    await dropFacts(this.#server, name)
    this.#tables.delete(name)
  }

  async #rename(name: string, to: string): Promise<void> {
    const table = this.#table(name)
    try {
      await this.#server.db.renameCollection(name, to)
    } catch (cause) {
      // NamespaceNotFound: it has its new name already
      if (codeOf(cause) !== 26) throw cause
    }
    await this.#save({ ...(this.#tables.get(name) ?? this.#table(to)), name: to, columns: table.columns, indexes: table.indexes })
    await this.#retarget(name, to)
    await dropFacts(this.#server, name)
    this.#tables.delete(name)
  }

  async #addColumn({ table: name, column, fill }: MigrationAction & { kind: 'add column' }): Promise<void> {
    const table = this.#table(name)
    await this.#updateMany(
      name,
      { [column.name]: { $exists: false } },
      { $set: { [column.name]: this.#codec.fill(column.type, fill) } },
    )
    await this.#settle({ ...table, columns: [...without(table.columns, column.name), column] })
  }

  /** Values that are of the new kind already are those of an earlier run. */
  async #changeColumn({ table: name, column, keep, fill }: MigrationAction & { kind: 'change column' }): Promise<void> {
    const table = this.#table(name)
    const value = this.#codec.fill(column.type, fill)
    await this.#loosen(name)
    const isOther = { $nor: [{ [column.name]: { $type: [...kindsOf(column)] } }] }
    if (!keep) await this.#updateMany(name, isOther, { $set: { [column.name]: value } })
    if (keep && column.type === 'float') {
      const whole = { [column.name]: { $type: ['long', 'int'] } }
      await this.#updateMany(name, whole, [{ $set: { [column.name]: { $toDouble: `$${column.name}` } } }])
    }
    if (value !== null) await this.#updateMany(name, { [column.name]: null, ...isOther }, { $set: { [column.name]: value } })
    const columns = table.columns.map((each) => (each.name === column.name ? column : each))
    await this.#settle({ ...table, columns })
  }

  async #dropColumn(name: string, column: string): Promise<void> {
    const table = this.#table(name)
    const indexes = table.indexes.filter((index) => !index.columns.includes(column))
    for (const index of table.indexes) if (!indexes.includes(index)) await dropIndex(this.#server, name, index)
    await this.#loosen(name)
    await this.#updateMany(name, { [column]: { $exists: true } }, { $unset: { [column]: '' } })
    await this.#settle({ ...table, columns: without(table.columns, column), indexes })
  }

  async #renameColumn(action: MigrationAction & { kind: 'rename column' }): Promise<void> {
    const { table: name, column, to } = action
    const table = this.#table(name)
    const [after = table] = fold([table], action)
    await this.#loosen(name)
    for (const index of table.indexes) {
      if (index.words && index.columns.includes(column)) await dropIndex(this.#server, name, index)
    }
    await this.#updateMany(name, { [column]: { $exists: true } }, { $rename: { [column]: to } })
    for (const index of after.indexes) if (index.columns.includes(to)) await makeIndex(this.#server, after, index)
    await this.#settle(after)
  }

  /** Documents of the old form and of the new one are both allowed, until `settle`. */
  async #loosen(table: string): Promise<void> {
    await this.#server.db.command({ collMod: table, validationLevel: 'off' })
  }

  async #settle(table: TableState): Promise<void> {
    await makeCollection(this.#server, table)
    await this.#save(table)
  }

  async #updateMany(table: string, which: Document, update: Document | Document[]): Promise<void> {
    await this.#server.db.collection(table).updateMany(which, update)
  }

  /** What referred to a table refers to it by its new name, or to nothing. */
  async #retarget(table: string, to: string | undefined): Promise<void> {
    for (const each of [...this.#tables.values()]) {
      if (!each.columns.some(({ target }) => target === table)) continue
      await this.#save({ ...each, columns: each.columns.map((column) => retargeted(column, table, to)) })
    }
  }

  async #save(table: TableState): Promise<void> {
    await saveFacts(this.#server, table)
    this.#tables.set(table.name, { ...table, ours: true })
  }

  #table(name: string): TableState {
    return this.#tables.get(name) ?? strange(name)
  }
}

function retargeted({ target, ...column }: ColumnState, from: string, to: string | undefined): ColumnState {
  if (target !== from) return target === undefined ? column : { ...column, target }
  return to === undefined ? column : { ...column, target: to }
}

function without<T extends { readonly name: string }>(all: readonly T[], name: string): T[] {
  return all.filter((each) => each.name !== name)
}
