import { type Document, decode } from './bson.ts'
import { documentOf, type Element } from './document.ts'

/** A command taken apart: what the gateway acts on, and what the engine gets. */
export interface Command {
  readonly name: string
  /** The value beside the name: a collection, a cursor's number, or 1. */
  readonly target: unknown
  readonly database: string
  readonly body: Buffer
  /** Fields of the command that are neither documents nor lists of them. */
  readonly settings: Document
  readonly session: string | undefined
  /** Names one transaction of one session; only a command inside of one has it. */
  readonly transaction: string | undefined
  /** Whether the log is to be told what the rows do not show. */
  readonly isNoted?: boolean
}

// what the driver tells the server about itself; the engine would refuse it
const control = new Set([
  ...['lsid', '$db', '$clusterTime', 'txnNumber', 'startTransaction', 'autocommit', '$readPreference', 'readConcern'],
  ...['writeConcern', 'apiVersion', 'apiStrict', 'apiDeprecationErrors', 'maxTimeMS', 'comment'],
])
/** The one parameter of the server that can be set. */
export const lifetimeLimit = 'transactionLifetimeLimitSeconds'
const settingsRead = new Set([...control, 'cursors', 'collection', 'dropTarget', 'to', 'scale', lifetimeLimit])

export function readCommand(elements: readonly Element[]): Command {
  const name = elements[0]?.name ?? ''
  const settings = decode(documentOf(elements.filter((element) => element.name === name || settingsRead.has(element.name))))
  const session = readSession(settings.lsid)
  const isInside = settings.autocommit === false && settings.txnNumber !== undefined
  return {
    name,
    target: settings[name],
    database: String(settings.$db ?? 'admin'),
    body: documentOf(elements.filter((element) => !control.has(element.name))),
    settings,
    session,
    transaction: isInside ? `${session} ${settings.txnNumber}` : undefined,
  }
}

/** The key of a session: its UUID in hexadecimal. */
export function readSession(lsid: unknown): string | undefined {
  if (typeof lsid !== 'object' || lsid === null || !('id' in lsid)) return undefined
  const { id } = lsid
  if (id instanceof Uint8Array) return Buffer.from(id).toString('hex')
  return typeof id === 'object' && id !== null && 'buffer' in id && id.buffer instanceof Uint8Array
    ? Buffer.from(id.buffer).toString('hex')
    : undefined
}
