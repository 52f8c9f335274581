import type { Parts } from './parts.ts'

interface Behind {
  readonly parts: Parts
  /** Like `videos.list`. */
  readonly name: string
}

const routes = new WeakMap<object, Behind>()

/** What a function that a client handed out calls; undefined for anything else. */
export function routeBehind(made: object): Behind | undefined {
  return routes.get(made)
}

/** Remembers what a function calls that a client hands out. */
export function standBehind(made: object, route: Behind): void {
  routes.set(made, route)
}
