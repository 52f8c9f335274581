// Decoding and encoding of whole documents; the driver under test brings its codec along.
import { BSON } from 'mongodb'

export type Document = Record<string, unknown>

/** A document's fields as plain values: numbers of 64 bits as `bigint`. */
export function decode(bytes: Uint8Array): Document {
  return BSON.deserialize(bytes, { useBigInt64: true, promoteBuffers: true })
}

export function encode(document: Document): Buffer {
  return Buffer.from(BSON.serialize(document, { ignoreUndefined: true }))
}

/** A cluster time. */
export function timestamp(time: bigint): unknown {
  return new BSON.Timestamp(time)
}

export function long(value: bigint): unknown {
  return BSON.Long.fromBigInt(value)
}

export function binary(bytes: Buffer): unknown {
  return new BSON.Binary(bytes)
}

export function uuid(bytes: Buffer): unknown {
  return new BSON.Binary(bytes, BSON.Binary.SUBTYPE_UUID)
}

/** A new one. */
export function objectId(): unknown {
  return new BSON.ObjectId()
}
