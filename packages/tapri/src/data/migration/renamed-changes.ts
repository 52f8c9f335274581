import type { Catalog, Model } from '../catalog.ts'
import type { Change } from '../changes.ts'
import type { StoredRow } from '../evaluate.ts'

/** Tells changes from before a rename by the names of today. */
export function renamedChanges(catalog: Catalog): (changes: readonly Change[]) => readonly Change[] {
  const models = new Map<string, Model>()
  for (const model of catalog.values()) {
    for (const name of [...model.was, model.name]) if (name === model.name || !catalog.has(name)) models.set(name, model)
  }
  const isRenamed = [...catalog.values()].some((model) => model.was.length > 0 || formerNames(model).size > 0)
  if (!isRenamed) return (changes) => changes
  const names = new Map([...catalog.values()].map((model) => [model.name, formerNames(model)]))
  return (changes) =>
    changes.map((change) => {
      const model = models.get(change.model)
      if (model === undefined) return change
      const former = names.get(model.name) ?? new Map<string, string>()
      return { ...change, model: model.name, before: renamed(change.before, former), after: renamed(change.after, former) }
    })
}

/** Today's name of each column by those that it had. */
function formerNames(model: Model): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { name, facts } of model.columns) for (const was of facts.was ?? []) names.set(was, name)
  return names
}

function renamed(row: StoredRow | null, former: ReadonlyMap<string, string>): StoredRow | null {
  if (row === null || former.size === 0) return row
  const { id, ...rest } = row
  return { id, ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [former.get(name) ?? name, value])) }
}
