import { binary, type Document, encode, long, timestamp, uuid } from '../bson.ts'
import { documentElement, documentOf, type Element, elementsOf } from '../document.ts'
import { CommandError } from '../errors.ts'
import type { Entry, Namespace } from './oplog.ts'
import { tokenOf } from './position.ts'

/** What a stream asked to be told of documents. */
export interface Images {
  readonly fullDocument: unknown
  readonly fullDocumentBeforeChange: unknown
}

/** https://www.mongodb.com/docs/manual/reference/change-events/ `looked` is what `updateLookup` has found. */
export function eventOf(entry: Entry, images: Images, looked?: Buffer | null): Buffer {
  const { kind, namespace, to, key, transaction } = entry
  const head: Document = {
    _id: tokenOf(entry, entry.uuid),
    operationType: kind,
    clusterTime: timestamp(entry.time),
    ...(transaction !== undefined && { lsid: sessionOf(transaction.session), txnNumber: long(transaction.number) }),
    wallTime: entry.moment,
  }
  const rest: Document = { ns: namesOf(namespace), ...(to !== undefined && { to: namesOf(to) }) }
  return documentOf([
    ...elementsOf(encode(head)),
    ...afterImage(entry, images, looked),
    ...elementsOf(encode(rest)),
    ...(key === undefined ? [] : [documentElement('documentKey', key)]),
    ...(kind === 'update' ? [documentElement('updateDescription', descriptionOf(entry))] : []),
    ...beforeImage(entry, images),
  ])
}

/** The last event of a stream whose collection or database is gone. */
export function endOf(entry: Entry): Buffer {
  const token = tokenOf({ ...entry, isEnd: true }, entry.uuid)
  return encode({ _id: token, operationType: 'invalidate', clusterTime: timestamp(entry.time), wallTime: entry.moment })
}

function afterImage({ kind, before, after }: Entry, { fullDocument }: Images, looked?: Buffer | null): Element[] {
  if (kind === 'insert' || kind === 'replace') return imageOf('fullDocument', after)
  if (kind !== 'update' || fullDocument === undefined || fullDocument === 'default') return []
  if (fullDocument === 'updateLookup') return imageOf('fullDocument', looked ?? undefined)
  // MongoDB makes it of the document as it was and of the change
  const image = before === undefined ? undefined : after
  if (image === undefined && fullDocument === 'required') throw missing('post')
  return imageOf('fullDocument', image)
}

function beforeImage({ kind, before }: Entry, { fullDocumentBeforeChange: asked }: Images): Element[] {
  const isAsked = asked !== undefined && asked !== 'off' && ['update', 'replace', 'delete'].includes(kind)
  if (!isAsked) return []
  if (before === undefined && asked === 'required') throw missing('pre')
  return imageOf('fullDocumentBeforeChange', before)
}

function imageOf(name: string, document: Buffer | undefined): Element[] {
  return document === undefined ? elementsOf(encode({ [name]: null })) : [documentElement(name, document)]
}

/** Field by field; without the document as it was, every field is told. */
function descriptionOf({ before, after }: Entry): Buffer {
  const old = new Map(before === undefined ? [] : elementsOf(before).map((element) => [element.name, element]))
  const now = after === undefined ? [] : elementsOf(after)
  const updated = now.filter(({ name, bytes }) => name !== '_id' && old.get(name)?.bytes.equals(bytes) !== true)
  const removedFields = [...old.keys()].filter((name) => now.every((element) => element.name !== name))
  return documentOf([
    documentElement('updatedFields', documentOf(updated)),
    ...elementsOf(encode({ removedFields, truncatedArrays: [] })),
  ])
}

function namesOf({ database, collection }: Namespace): Document {
  return collection === '' ? { db: database } : { db: database, coll: collection }
}

// of a user without a name: SHA-256 of nothing
const nobody = Buffer.from('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', 'base64')

function sessionOf(id: Buffer): Document {
  return { id: uuid(id), uid: binary(nobody) }
}

function missing(which: 'pre' | 'post'): CommandError {
  const message = `Change stream was configured to require a ${which}-image for all update events, but the ${which}-image was not found for event`
  return new CommandError(47, 'NoMatchingDocument', message, { labels: ['NonResumableChangeStreamError'] })
}
