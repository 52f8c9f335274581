import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

export interface Source {
  /** Relative to the root, with `/`. */
  readonly file: string
  readonly text: string
}

const skipped = new Set(['node_modules', 'dist', 'data', '.git', 'test-results'])

/** The files at or below these places whose names match, in order. */
export function readSources(root: string, places: readonly string[], names: RegExp): Source[] {
  return places
    .flatMap((place) => pathsOf(join(root, place)))
    .filter((path) => names.test(path))
    .sort()
    .map((path) => ({ file: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }))
}

/** The line, from 1, on which a place in a text stands. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

export function isTest(file: string): boolean {
  return /\.(?:test|fixture)\.[cm]?tsx?$/.test(file)
}

function pathsOf(path: string): string[] {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !isSkipped(entry.name, path))
    .flatMap((entry) => pathsOf(join(path, entry.name)))
}

// a room may be called `data`; the `data` that holds no code is an app's database
function isSkipped(name: string, parent: string): boolean {
  return skipped.has(name) && !(name === 'data' && parent.endsWith(`${sep}src`))
}
