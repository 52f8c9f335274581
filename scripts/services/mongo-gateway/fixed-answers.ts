import type { Document } from './bson.ts'

/** What a driver asks about the server itself: answered as the one member of a replica set. */
export function fixedAnswer(name: string, address: string): Document | undefined {
  if (['hello', 'isMaster', 'ismaster'].includes(name)) return hello(address)
  if (['buildInfo', 'buildinfo'].includes(name)) return { version: '7.0.0', versionArray: [7, 0, 0, 0], ok: 1 }
  if (['ping', 'getParameter', 'connectionStatus'].includes(name)) return { ok: 1 }
  return undefined
}

function hello(address: string): Document {
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
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
    ok: 1,
  }
}
