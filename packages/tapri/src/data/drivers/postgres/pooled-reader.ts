import type { Raw } from '../../driver.ts'
import { SqlReader } from '../sql/reader.ts'
import type { Statements } from '../sql/statements.ts'
import { rawOn } from './raw.ts'

import type { Server } from './server.ts'

/** What is committed, on a connection that cannot write meanwhile. */
async function readRaw<T>(server: Server, work: (raw: Raw) => Promise<T>): Promise<T> {
  const session = await server.session()
  let isWhole = false
  try {
    await session.run('begin read only')
    try {
      return await work(rawOn(session.raw))
    } finally {
      await session.run('rollback')
      // what failed to be undone is no connection for others
      isWhole = true
    }
  } finally {
    session.release(!isWhole)
  }
}

/** Reads on whatever connection is free. */
export class PooledReader extends SqlReader {
  readonly #server: Server

  constructor(server: Server, statements: Statements) {
    super((statement) => server.rows(statement), statements)
    this.#server = server
  }

  raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return readRaw(this.#server, work)
  }
}
