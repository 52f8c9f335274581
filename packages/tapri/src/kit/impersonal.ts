/**
 * Properties of a request that say nothing about who sent it. Whoever shares an answer between requests watches all others:
 * one visitor must not be sent what was made of another's cookies, headers or address.
 */
export const impersonal: ReadonlySet<PropertyKey> = new Set([
  'method',
  'httpVersion',
  'complete',
  'aborted',
  'destroyed',
  'closed',
  'errored',
  'on',
  'once',
  'off',
  'addListener',
  'removeListener',
  'then',
])
