import type { Pgoutput } from 'pg-logical-replication'
import { documentOf, elementsOf, renamed } from '../document.ts'
import type { Namespace, Operation, TransactionName } from './oplog.ts'

/** A row of the engine's own list of its collections. */
export interface Listed {
  readonly collection_id: string
  readonly database_name: string
  readonly collection_name: string
  readonly collection_uuid: string
}

interface Collection {
  readonly namespace: Namespace
  readonly uuid: Buffer
}

interface Sinks {
  /** `number` is that of PostgreSQL's transaction. */
  append(number: number | undefined, operations: readonly Operation[], transaction: TransactionName | undefined): void
  /** What was asked to be told when the log has come so far. */
  mark(id: string): void
}

type Tuple = Readonly<Record<string, unknown>>

/** What is noted in the log beside the rows of documents. */
interface Notes {
  readonly marker?: string
  readonly session?: string
  readonly number?: string
  readonly dropped?: string
  /** Whether the updates since the last note have put whole documents in place. */
  readonly replaces?: boolean
  /** A row of the list of collections, and what it was. */
  readonly list?: { readonly old: Listed | null; readonly fresh: Listed | null }
}

/** Turns what PostgreSQL tells of the engine's tables into MongoDB's operations. */
export class Reading {
  readonly #sinks: Sinks
  readonly #collections = new Map<string, Collection>()
  #operations: Operation[] = []
  /** From here on the kind of an update is not known yet. */
  #noted = 0
  #transaction: TransactionName | undefined
  /** PostgreSQL's own. */
  #number: number | undefined

  constructor(sinks: Sinks) {
    this.#sinks = sinks
  }

  /** The collections that are there already. */
  know(rows: readonly Listed[]): void {
    for (const row of rows) this.#collections.set(String(row.collection_id), collectionOf(row))
  }

  hear(message: Pgoutput.Message): void {
    switch (message.tag) {
      case 'begin':
        this.#operations = []
        this.#noted = 0
        this.#transaction = undefined
        this.#number = message.xid
        break
      case 'insert':
      case 'update':
      case 'delete':
        this.#changeDocument(message)
        break
      case 'message':
        this.#note(JSON.parse(Buffer.from(message.content).toString()))
        break
      case 'commit':
        this.#sinks.append(this.#number, withoutReplaced(this.#operations), this.#transaction)
    }
  }

  #changeDocument(message: Pgoutput.MessageInsert | Pgoutput.MessageUpdate | Pgoutput.MessageDelete): void {
    const collection = this.#collections.get(/^documents_(\d+)$/.exec(message.relation.name)?.[1] ?? '')
    if (collection === undefined) return
    const old: Tuple | null = message.tag === 'insert' ? null : message.old
    const fresh: Tuple | null = message.tag === 'delete' ? null : message.new
    const before = bytesOf(old?.document)
    const after = bytesOf(fresh?.document)
    // what was written as it was is no change
    if (before !== undefined && after?.equals(before) === true) return
    const id = bytesOf((fresh ?? old ?? (message.tag === 'delete' ? message.key : null))?.object_id)
    const key = id === undefined ? undefined : documentOf(elementsOf(id).map((element) => renamed(element, '_id')))
    this.#operations.push({ ...collection, kind: message.tag, key, before, after })
  }

  #changeList(old: Listed | null, fresh: Listed | null): void {
    if (fresh !== null) this.#collections.set(String(fresh.collection_id), collectionOf(fresh))
    if (old === null) return
    const known = collectionOf(old)
    if (fresh === null) {
      this.#collections.delete(String(old.collection_id))
      this.#operations.push({ ...known, kind: 'drop' })
      return
    }
    const { namespace: to } = collectionOf(fresh)
    if (to.collection !== known.namespace.collection) this.#operations.push({ ...known, kind: 'rename', to })
  }

  #note({ marker, session, number, dropped, replaces, list }: Notes): void {
    if (list !== undefined) this.#changeList(list.old, list.fresh)
    if (marker !== undefined) this.#sinks.mark(marker)
    if (session !== undefined) this.#transaction = { session: Buffer.from(session, 'hex'), number: BigInt(number ?? 0) }
    if (dropped !== undefined) this.#operations.push({ kind: 'dropDatabase', namespace: { database: dropped, collection: '' } })
    if (replaces === undefined) return
    const written = this.#operations.splice(this.#noted)
    for (const each of written) this.#operations.push(replaces && each.kind === 'update' ? { ...each, kind: 'replace' } : each)
    this.#noted = this.#operations.length
  }
}

/** A collection whose name was given to another one is not told to be dropped. */
function withoutReplaced(operations: readonly Operation[]): Operation[] {
  const taken = new Set(operations.flatMap(({ to }) => (to === undefined ? [] : [JSON.stringify(to)])))
  return operations.filter(({ kind, namespace }) => kind !== 'drop' || !taken.has(JSON.stringify(namespace)))
}

function collectionOf(row: Listed): Collection {
  const namespace = { database: row.database_name, collection: row.collection_name }
  return { namespace, uuid: Buffer.from(row.collection_uuid.replaceAll('-', ''), 'hex') }
}

/** A copy: the package reads what comes next into the same memory. */
function bytesOf(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) ? Buffer.from(value) : undefined
}
