/** A JSON value as it is stored: its text, which keeps names and numbers as they are, and what is found at its paths. */
export interface StoredJson {
  readonly text: string
  readonly at: readonly string[]
}

/** What a condition can ask for. */
const longestPath = 10
const longestName = 100

type Path = readonly (string | number)[]

/**
 * MongoDB takes no names with dots or dollars in a path, and looks into lists by itself; so each value has a key of its
 * path, which an equality of texts finds, and each plain value one of path and value.
 */
export function storedJson(value: unknown): StoredJson {
  const at: string[] = []
  const text = JSON.stringify(value)
  collect(JSON.parse(text), [], at)
  return { text, at }
}

/** Is among `at` when there is something other than null at the path. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}

/** Is among `at` when this value is at the path. */
export function valueKey(path: Path, value: unknown): string {
  return `${pathKey(path)}=${JSON.stringify(value)}`
}

function collect(value: unknown, path: Path, at: string[]): void {
  if (value === null) return
  if (path.length > 0) at.push(pathKey(path))
  if (typeof value !== 'object') {
    if (path.length > 0) at.push(valueKey(path, value))
    return
  }
  if (path.length === longestPath) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, [...path, index], at)
    return
  }
  for (const [name, item] of Object.entries(value)) {
    if (name.length <= longestName) collect(item, [...path, name], at)
  }
}
