import type { Column } from '../../catalog.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Codec, SqlRow } from './dialect.ts'

/** Compiles the reading of rows with these columns, in this order. */
export function rowDecoder(codec: Codec, columns: readonly Column[]): (row: SqlRow) => StoredRow {
  const names = columns.map((column) => column.name)
  const decoders = columns.map((column) => codec.decoder(column.facts))
  return (row) => {
    const decoded: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) {
      const value = row[index]
      const decode = decoders[index]
      decoded[names[index] ?? ''] = decode === undefined || value === null ? value : decode(value)
    }
    return asRow(decoded)
  }
}

// Every table's first column is its id, and every select asks for it.
function asRow(decoded: Record<string, unknown>): StoredRow {
  return decoded as StoredRow
}
