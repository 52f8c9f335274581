import type { Model } from '../../catalog.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { SqlRow } from '../sql/dialect.ts'
import { rowDecoder } from '../sql/row.ts'
import { codec } from './codec.ts'
import type { Pgoutput } from './replication.ts'
import { parserOf } from './server.ts'

export type Values = Readonly<Record<string, unknown>>

export interface Table {
  readonly model: Model
  read(relation: Pgoutput.MessageRelation, values: Values | null): StoredRow | null
}

/** How rows of a model's table are read from the log. */
export function tableOf(model: Model): Table {
  const decode = rowDecoder(codec, model.columns)
  return {
    model,
    read({ columns }, values) {
      if (values === null) return null
      const types = new Map(columns.map(({ name, typeOid }) => [name, typeOid]))
      const row: SqlRow = model.columns.map(({ name }) => {
        const text = values[name] ?? null
        return text === null ? null : parserOf(types.get(name) ?? 0)(String(text))
      })
      return decode(row)
    },
  }
}
