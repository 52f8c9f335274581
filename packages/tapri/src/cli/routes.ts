import { listRoutes } from '../app/index.ts'
import { loadApp } from './entry.ts'

/** `tapri routes`: every path that the app answers, who may call it and what runs around it, as a table. */
export async function routes(): Promise<void> {
  const lines = listRoutes(await loadApp())
  const rows = lines.map(({ method, path, name, access, middleware }) => [method, path, name, access, middleware.join(' > ')])
  const widths = rows.reduce<number[]>((found, row) => row.map((text, at) => Math.max(found[at] ?? 0, text.length)), [])
  for (const row of rows)
    console.log(
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
