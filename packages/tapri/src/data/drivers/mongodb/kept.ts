import { codeOf } from './failure.ts'
import type { Document, Server } from './server.ts'

/** Makes a document of the book-keeping, if it is not there. */
export async function makeKept(server: Server, name: string, fields: Document): Promise<void> {
  try {
    await server.meta().updateOne({ _id: name }, { $setOnInsert: fields }, { upsert: true })
  } catch (cause) {
    // another node has made it in the same moment
    if (codeOf(cause) !== 11000) throw cause
  }
}
