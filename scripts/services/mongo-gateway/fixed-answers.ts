import { type Document, long, objectId } from './bson.ts'

/** Of this server's life, as drivers know it. */
const topologyVersion = { processId: objectId(), counter: long(0n) }

/** What a driver asks about the server itself: answered as the one member of a replica set. */
export function fixedAnswer(name: string, address: string): Document | undefined {
  if (['hello', 'isMaster', 'ismaster'].includes(name)) return helloOf(address)
  if (['buildInfo', 'buildinfo'].includes(name)) return { version: '7.0.0', versionArray: [7, 0, 0, 0], ok: 1 }
  if (['ping', 'getParameter', 'connectionStatus'].includes(name)) return { ok: 1 }
  return undefined
}

/** https://www.mongodb.com/docs/manual/reference/command/hello/ */
export function helloOf(address: string): Document {
  return {
    helloOk: true,
    isWritablePrimary: true,
    ismaster: true,
    setName: 'rs0',
    setVersion: 1,
    hosts: [address],
    me: address,
    primary: address,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    topologyVersion,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
    ok: 1,
  }
}
