import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Bytes, of which four characters stand for three. */
const nodeBytes = 12
const ownBytes = 18
const sealBytes = 16
const nodeCharacters = (nodeBytes / 3) * 4

/** The name of one node among the others. */
export function newNode(): string {
  return randomBytes(nodeBytes).toString('base64url')
}

/**
 * Names a line so that every node knows who has it and that one of them has made it: node, secret, and a seal over both.
 * @example newLineId(newNode(), key) // 62 characters, which nobody guesses
 */
export function newLineId(node: string, key: Uint8Array): string {
  const start = node + randomBytes(ownBytes).toString('base64url')
  return start + sealOf(start, key).toString('base64url')
}

/** The node that has the line; undefined for an id that none has made. */
export function nodeOfLine(id: string, key: Uint8Array): string | undefined {
  const bytes = Buffer.from(id, 'base64url')
  if (bytes.length !== nodeBytes + ownBytes + sealBytes || bytes.toString('base64url') !== id) return undefined
  const start = id.slice(0, ((nodeBytes + ownBytes) / 3) * 4)
  return timingSafeEqual(bytes.subarray(-sealBytes), sealOf(start, key)) ? id.slice(0, nodeCharacters) : undefined
}

function sealOf(start: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(start).digest().subarray(0, sealBytes)
}
