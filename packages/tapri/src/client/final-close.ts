// RFC 6455 7.4.1: the other side broke the protocol, sent what cannot be handled, or too much
const finalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009, 1010])

/** Whether connecting again would end the same way. */
export function isFinalClose(code: number): boolean {
  return finalCodes.has(code) || (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000)
}
