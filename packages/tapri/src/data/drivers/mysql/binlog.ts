import type ZongJi from '@vlasky/zongji'
import type { BinlogEvent, DeleteRowsEvent, RowData, UpdateRowsEvent, WriteRowsEvent } from '@vlasky/zongji'
import { dataError } from '../../errors.ts'

export type { BinlogEvent, DeleteRowsEvent, RowData, UpdateRowsEvent, WriteRowsEvent, ZongJi }

/** Rows of an event, and the tables that it knows by number. */
export interface RowsOf<R> {
  readonly tableId: number
  readonly tableMap: Readonly<Record<number, { readonly tableName: string } | undefined>>
  readonly rows: readonly R[]
}

// The name of an event's type says which class it is of.
export function asRows<E extends BinlogEvent>(event: BinlogEvent): E {
  return event as E
}

export function asStatement(event: BinlogEvent): { readonly query: string; readonly schema: string } {
  return event as BinlogEvent & { readonly query: string; readonly schema: string }
}

/** Loads the package that the app has installed.
 * @throws TAPRI_DATA_NO_SDK */
export async function loadBinlog(): Promise<typeof ZongJi> {
  try {
    return (await import('@vlasky/zongji')).default
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const how = 'the package "@vlasky/zongji" is not installed, run "npm install @vlasky/zongji"'
    throw dataError('TAPRI_DATA_NO_SDK', `Cannot hear what others write to MySQL or MariaDB: ${how}`, { cause })
  }
}
