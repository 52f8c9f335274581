import type { Adapter } from './adapter.ts'
import { BunAdapter } from './bun.ts'
import { DenoAdapter } from './deno.ts'
import type { StandardHooks } from './standard.ts'

/** The server that the runtime itself has; undefined on Node, whose own one is node:http. */
export function ownAdapter(hooks: StandardHooks): Adapter | undefined {
  if (process.versions.bun !== undefined) return new BunAdapter(hooks)
  return 'Deno' in globalThis ? new DenoAdapter(hooks) : undefined
}
