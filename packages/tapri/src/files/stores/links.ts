import { constants } from 'node:fs'

const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants

/** Flags that open a file itself, not what a link in its place leads to; nor do they wait for the other end of a pipe. */
export function withoutLinks(how: 'r' | 'r+'): number {
  // Windows has neither flag, nor links that everybody may make
  return (how === 'r' ? O_RDONLY : O_RDWR) | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)
}
