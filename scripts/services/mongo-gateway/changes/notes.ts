import { type Document, decode } from '../bson.ts'
import type { Command } from '../command.ts'
import { note } from './replication.ts'

/** SQL that notes in the log what its rows do not show of a command: whether it puts whole documents in place. */
export function noteOf({ name, body }: Command): string | undefined {
  if (name !== 'update' && name !== 'findAndModify' && name !== 'findandmodify') return undefined
  const { updates, update } = decode(body)
  const changes: unknown[] = name === 'update' && Array.isArray(updates) ? updates.map(({ u }: Document) => u) : [update]
  return note({ replaces: changes.every(isReplacement) })
}

/** A document of operators or a pipeline changes one; any other takes its place. */
function isReplacement(change: unknown): boolean {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return false
  return !Object.keys(change)[0]?.startsWith('$')
}

/** SQL that names, in its transaction, the driver's transaction. */
export function nameOf(key: string): string {
  const [session, number] = key.split(' ')
  return note({ session, number })
}
