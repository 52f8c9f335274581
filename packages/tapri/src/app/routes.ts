import { defaultPrefix } from './api-document.ts'
import { routesOf } from './part.ts'
import type { AppDescription } from './types.ts'

/** One line of what an app answers. */
export interface RouteLine {
  /** Like `GET`; `ANY` for apps of other frameworks. */
  readonly method: string
  readonly path: string
  /** Like `videos.list`. */
  readonly name: string
  /** The first word of the route: who may call it. */
  readonly access: string
  /** What runs around it, the outermost first. */
  readonly middleware: readonly string[]
}

/** What an app answers: its routes in the order of their paths, then what is mounted, then its folders. */
export function listRoutes(description: AppDescription): readonly RouteLine[] {
  const { parts } = description
  const around = (parts.use ?? []).map(({ run }) => nameOf(run))
  const routes = routesOf(description, parts.prefix ?? defaultPrefix)
    .map(({ method, path, name, access, middleware }) => ({
      method: method.toUpperCase(),
      path,
      name,
      access,
      middleware: [...around, ...middleware.map(nameOf)],
    }))
    .sort((one, other) => (one.path === other.path ? 0 : one.path < other.path ? -1 : 1))
  const mounts = Object.keys(parts.mounts ?? {}).map((path) => line('ANY', path, 'mounted app'))
  const folders = Object.entries(parts.folders ?? {}).map(([path, { from }]) => line('GET', path, `files of ${from}`))
  return [...routes, ...mounts, ...folders.map((each) => ({ ...each, middleware: around }))]

  function line(method: string, path: string, name: string): RouteLine {
    return { method, path: `${path === '/' ? '' : path}/*`, name, access: 'visitor', middleware: [] }
  }
}

function nameOf(run: { readonly name: string }): string {
  return run.name === '' ? 'middleware' : run.name
}
