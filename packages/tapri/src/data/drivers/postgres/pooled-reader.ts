import type { Raw } from '../../driver.ts'
import { untilAborted } from '../cancel.ts'
import { SqlReader } from '../sql/reader.ts'
import type { Statements } from '../sql/statements.ts'
import { rawOn } from './raw.ts'

import type { Server, Session } from './server.ts'

/** What is committed, on a connection that cannot write meanwhile. */
async function readRaw<T>(server: Server, work: (raw: Raw) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const session = await server.session()
  let isWhole = false
  try {
    await session.run('begin read only')
    try {
      return await work(rawOn(signal === undefined ? session.raw : rawUntil(session, signal)))
    } finally {
      await session.run('rollback')
      // what failed to be undone is no connection for others, nor is one that may still be told to end
      isWhole = signal?.aborted !== true
    }
  } finally {
    session.release(!isWhole)
  }
}

function rawUntil(session: Session, signal: AbortSignal): Session['raw'] {
  return (statement) =>
    untilAborted(
      signal,
      () => session.raw(statement),
      () => session.cancel(),
    )
}

/** Reads on whatever connection is free. */
export class PooledReader extends SqlReader {
  readonly #server: Server

  constructor(server: Server, statements: Statements) {
    super((statement, signal) => server.rows(statement, signal), statements)
    this.#server = server
  }

  raw<T>(work: (raw: Raw) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return readRaw(this.#server, work, signal)
  }
}
