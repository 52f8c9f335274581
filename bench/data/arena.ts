import type { Contender, Facts } from './work.ts'

/** One database and those who compete on it, each with rows of its own. */
export interface Arena {
  readonly database: 'sqlite' | 'postgres' | 'mysql' | 'mariadb' | 'mongodb'
  /** Operations that are under way at any time. */
  readonly callers: number
  readonly facts: Facts
  /** Tapri first, then the bare driver. */
  readonly contenders: ReadonlyMap<string, Contender>
  /** Closes everybody and takes the rows away. */
  close(): Promise<void>
}

export async function closeAll(contenders: Iterable<Contender>): Promise<void> {
  for (const contender of contenders) await contender.close()
}
