import type { Clock } from '../kit/clock.ts'
import type { Catalog, Column, Model } from './catalog.ts'
import type { Driver } from './driver.ts'
import { dataError } from './errors.ts'
import type { TableState } from './migration/state.ts'

/** Scales by "model.field"; a whole number that is no decimal has none. */
type Scales = ReadonlyMap<string, number>

const opening = 'decimals keep these digits after the point: '

/**
 * A decimal is kept as a whole number, and tables do not tell what of: it is recorded among the migrations, before the
 * columns are made. Values that were written with another scale would be read as other amounts, so that is refused.
 * @throws TAPRI_DATA_MIGRATION
 */
export async function settleScales(catalog: Catalog, driver: Driver, clock: Clock): Promise<void> {
  const wanted = wantedScales(catalog)
  const recorded = recordedScales(await driver.migrations())
  if (isSame(wanted, recorded)) return
  const tables = await driver.tables()
  for (const model of catalog.values()) {
    for (const column of model.columns) await requireScale(model, column, { recorded, tables, driver })
  }
  await driver.exclusively(() => driver.migrate([], [opening + textOf(wanted)], clock.now()), { migrates: true })
}

interface Known {
  readonly recorded: Scales
  readonly tables: readonly TableState[]
  readonly driver: Driver
}

async function requireScale(model: Model, column: Column, { recorded, tables, driver }: Known): Promise<void> {
  if (column.comparison !== 'number') return
  const names = [model.name, ...model.was].flatMap((table) =>
    [column.name, ...(column.facts.was ?? [])].map((field) => ({ table, field })),
  )
  for (const { table, field } of names) {
    const there = tables.find((each) => each.name === table)?.columns.find((each) => each.name === field)
    if (there === undefined) continue
    const [is, wanted] = [recorded.get(`${table}.${field}`) ?? 0, column.scale ?? 0]
    if (there.type !== 'int' || is === wanted) return
    const count = (await driver.countRows(table)) - (await driver.countNulls(table, field))
    if (count > 0) throw refusal(`${table}.${field}`, { is, wanted, count })
    return
  }
}

function wantedScales(catalog: Catalog): Scales {
  const scales = new Map<string, number>()
  for (const model of catalog.values()) {
    for (const { name, scale } of model.decimals) if (scale !== undefined) scales.set(`${model.name}.${name}`, scale)
  }
  return scales
}

/** The last record says all that holds. */
function recordedScales(records: readonly { readonly summaries: readonly string[] }[]): Scales {
  const last = records
    .flatMap(({ summaries }) => summaries)
    .filter((summary) => summary.startsWith(opening))
    .at(-1)
  const scales = new Map<string, number>()
  for (const part of last?.slice(opening.length).split(', ') ?? []) {
    const [name = '', scale = ''] = part.split(' ')
    if (scale !== '') scales.set(name, Number(scale))
  }
  return scales
}

function textOf(scales: Scales): string {
  return scales.size === 0 ? 'none' : Array.from(scales, ([name, scale]) => `${name} ${scale}`).join(', ')
}

function isSame(one: Scales, other: Scales): boolean {
  return one.size === other.size && [...one].every(([name, scale]) => other.get(name) === scale)
}

function refusal(name: string, { is, wanted, count }: { is: number; wanted: number; count: number }) {
  const rows = count === 1 ? '1 row has' : `${count} rows have`
  return dataError(
    'TAPRI_DATA_MIGRATION',
    `Cannot use the database: ${rows} "${name}" with ${is} digits after the point, and the models ask for ${wanted}; ` +
      'give the new decimal a name of its own, copy the values in a migration file, and drop the old field afterwards',
  )
}
