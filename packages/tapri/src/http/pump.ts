import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { fileOf } from './adapters/file-source.ts'
import { outgoingOf } from './adapters/outgoing.ts'
import { httpError } from './errors.ts'

export interface PumpOptions {
  /** Bytes that were promised; an answer that has more or fewer is cut. */
  readonly size: number | undefined
  /** Writes the head; called with the first byte, or at the end of a source that has none. */
  begin(): void
}

/**
 * Moves a source into an answer at the pace that the caller takes it, and destroys the source when the
 * caller leaves. Rejects when the source fails, or its head cannot be written; the answer is destroyed if it had begun.
 */
export function pump(source: Readable, response: ServerResponse, options: PumpOptions): Promise<void> {
  const file = fileOf(source)
  if (file !== undefined && outgoingOf(response)?.sendsFile(file, options.begin) === true) {
    source.destroy()
    return Promise.resolve()
  }
  return new Promise((resolve, reject) => {
    let sent = -1

    source.on('data', (chunk: Buffer | string) => {
      if (sent === -1 && !hasBegun()) return
      sent += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length
      if (options.size !== undefined && sent > options.size) return fail(unequal())
      if (!response.write(chunk)) source.pause()
    })
    source.once('end', () => {
      if (sent === -1 && !hasBegun()) return
      if (options.size !== undefined && sent !== options.size) return fail(unequal())
      response.end()
      resolve()
    })
    source.once('error', fail)
    source.once('close', () => {
      if (!source.readableEnded) fail(closedEarly())
    })
    response.on('drain', () => source.resume())
    response.once('close', () => {
      if (!source.destroyed) source.destroy()
      resolve()
    })
    if (response.destroyed) {
      source.destroy()
      resolve()
    } else if (source.destroyed || source.readableEnded) fail(source.errored ?? closedEarly())

    function hasBegun(): boolean {
      try {
        options.begin()
        sent = 0
        return true
      } catch (error) {
        // a head that the runtime refuses; thrown from a listener it would end the process
        fail(error)
        return false
      }
    }

    function fail(error: unknown) {
      // rejected first: closing the answer below would settle it as the caller's leaving
      reject(error)
      if (sent !== -1) response.destroy()
      source.destroy()
    }

    function closedEarly() {
      return httpError('TAPRI_HTTP_ANSWER', 'Cannot send the whole answer: its source was closed early')
    }

    function unequal() {
      return httpError('TAPRI_HTTP_ANSWER', `Cannot send the whole answer: ${options.size} bytes were promised, ${sent} came`)
    }
  })
}
