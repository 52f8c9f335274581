import type { ColumnState, IndexState, MigrationAction, TableState } from './state.ts'

type Tables = readonly TableState[]

/** The tables as they are after an action. */
export function fold(tables: Tables, action: MigrationAction): Tables {
  switch (action.kind) {
    case 'create table':
      return [...tables, action.table]
    case 'drop table':
      return tables.filter(({ name }) => name !== action.table)
    case 'add column':
      return change(tables, action.table, (table) => ({ ...table, columns: [...table.columns, action.column] }))
    case 'change column':
      return changeColumn(tables, action.table, action.column.name, () => action.column)
    case 'drop column':
      return change(tables, action.table, (table) => withoutColumn(table, action.column))
    case 'add index':
      return changeIndexes(tables, action.table, (indexes) => [...indexes, action.index])
    case 'drop index':
      return changeIndexes(tables, action.table, (indexes) => indexes.filter(({ name }) => name !== action.index.name))
    case 'rename table':
      return tables.map((table) => renameTable(table, action.table, action.to))
    case 'rename column':
      return change(tables, action.table, (table) => renameColumn(table, action.column, action.to))
    case 'rename index':
      return changeIndexes(tables, action.table, (indexes) =>
        indexes.map((index) => (index.name === action.index.name ? { ...index, name: action.to } : index)),
      )
  }
}

/** Whether the tables are already as the action would make them. */
export function isDone(tables: Tables, action: MigrationAction): boolean {
  const table = tables.find(({ name }) => name === (action.kind === 'create table' ? action.table.name : action.table))
  const has = (column: string) => table?.columns.some(({ name }) => name === column) ?? false
  const hasIndex = (index: string) => table?.indexes.some(({ name }) => name === index) ?? false
  switch (action.kind) {
    case 'create table':
      return table !== undefined && action.table.columns.every(({ name }) => has(name))
    case 'drop table':
      return table === undefined
    case 'add column':
      return has(action.column.name)
    case 'change column':
      return table?.columns.some((column) => isSameColumn(column, action.column)) ?? false
    case 'drop column':
      return !has(action.column)
    case 'add index':
      return hasIndex(action.index.name)
    case 'drop index':
      return !hasIndex(action.index.name)
    case 'rename table':
      return table === undefined && tables.some(({ name }) => name === action.to)
    case 'rename column':
      return !has(action.column) && has(action.to)
    case 'rename index':
      return !hasIndex(action.index.name) && hasIndex(action.to)
  }
}

function isSameColumn(one: ColumnState, other: ColumnState): boolean {
  return one.name === other.name && one.type === other.type && one.nullable === other.nullable && one.target === other.target
}

function change(tables: Tables, name: string, by: (table: TableState) => TableState): Tables {
  return tables.map((table) => (table.name === name ? by(table) : table))
}

function changeColumn(tables: Tables, name: string, column: string, by: (column: ColumnState) => ColumnState): Tables {
  return change(tables, name, (table) => ({
    ...table,
    columns: table.columns.map((each) => (each.name === column ? by(each) : each)),
  }))
}

function changeIndexes(tables: Tables, name: string, by: (indexes: readonly IndexState[]) => readonly IndexState[]): Tables {
  return change(tables, name, (table) => ({ ...table, indexes: by(table.indexes) }))
}

function withoutColumn(table: TableState, column: string): TableState {
  const columns = table.columns.filter(({ name }) => name !== column)
  return { ...table, columns, indexes: table.indexes.filter((index) => !index.columns.includes(column)) }
}

function renameTable(table: TableState, from: string, to: string): TableState {
  const columns = table.columns.map((column) => (column.target === from ? { ...column, target: to } : column))
  return { ...table, name: table.name === from ? to : table.name, columns }
}

function renameColumn(table: TableState, from: string, to: string): TableState {
  const named = (name: string) => (name === from ? to : name)
  return {
    ...table,
    columns: table.columns.map((column) => ({ ...column, name: named(column.name) })),
    indexes: table.indexes.map((index) => renamedIndex(index, index.columns.map(named))),
  }
}

function renamedIndex(index: IndexState, columns: readonly string[]): IndexState {
  return { ...index, columns: index.words ? columns.toSorted() : columns }
}
