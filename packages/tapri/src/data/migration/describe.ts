import type { IndexState, MigrationAction } from './state.ts'

/** An action in one line, for one that no plan has described. */
export function describe(action: MigrationAction): string {
  switch (action.kind) {
    case 'create table':
      return `create the table "${action.table.name}"`
    case 'drop table':
      return `drop the table "${action.table}"`
    case 'add column':
      return `add the column "${action.column.name}" of "${action.table}"`
    case 'change column':
      return `change the column "${action.column.name}" of "${action.table}"`
    case 'drop column':
      return `drop the column "${action.column}" of "${action.table}"`
    case 'add index':
      return `add the ${kindOf(action.index)}index on ${action.index.columns.join(', ')} of "${action.table}"`
    case 'drop index':
      return `drop the index "${action.index.name}"`
    case 'rename table':
      return `rename the table "${action.table}" to "${action.to}"`
    case 'rename column':
      return `rename the column "${action.column}" of "${action.table}" to "${action.to}"`
    case 'rename index':
      return `rename the index "${action.index.name}" to "${action.to}"`
  }
}

/** What stands before "index" in a sentence. */
export function kindOf({ unique, words }: IndexState): string {
  if (words) return 'word '
  return unique ? 'unique ' : ''
}
