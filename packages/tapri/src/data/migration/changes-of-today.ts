import type { Catalog, Model } from '../catalog.ts'
import type { Change } from '../changes.ts'
import type { StoredRow } from '../evaluate.ts'

/**
 * Tells changes as the models of today have them: those from before a rename by the names of today; those of a process that runs
 * another version of the app, and knows not every column, as anything that may have changed.
 */
export function changesOfToday(catalog: Catalog): (changes: readonly Change[]) => readonly Change[] {
  const models = new Map<string, Model>()
  for (const model of catalog.values()) {
    for (const name of [...model.was, model.name]) if (name === model.name || !catalog.has(name)) models.set(name, model)
  }
  const names = new Map([...catalog.values()].map((model) => [model.name, formerNames(model)]))
  return (changes) =>
    changes.map((change) => {
      const model = models.get(change.model)
      const former = model && names.get(model.name)
      if (model === undefined || former === undefined) return change
      const isRenamed = model.name !== change.model || former.size > 0
      const today = isRenamed ? renamed(change, model, former) : change
      return isWhole(model, today) ? today : { model: model.name, id: '', before: null, after: null }
    })
}

function renamed(change: Change, { name }: Model, former: ReadonlyMap<string, string>): Change {
  return { ...change, model: name, before: rowOf(change.before, former), after: rowOf(change.after, former) }
}

function isWhole({ columns }: Model, { before, after }: Change): boolean {
  return [before, after].every((row) => row === null || columns.every(({ name }) => name in row))
}

/** Today's name of each column by those that it had. */
function formerNames(model: Model): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { name, facts } of model.columns) for (const was of facts.was ?? []) names.set(was, name)
  return names
}

function rowOf(row: StoredRow | null, former: ReadonlyMap<string, string>): StoredRow | null {
  if (row === null || former.size === 0) return row
  const { id, ...rest } = row
  return { id, ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [former.get(name) ?? name, value])) }
}
