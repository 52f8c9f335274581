import type { Readable } from 'node:stream'

/** The body of a request. */
export interface Body extends Readable {
  readonly stream?: { readonly aborted: boolean }
}

/** Whether its sender has left in its midst: over HTTP/2 what was cut off ends like what is whole. */
export function isCutOff({ stream }: Body): boolean {
  return stream?.aborted === true
}
