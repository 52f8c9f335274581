export { TapriError } from '../kit/errors.ts'
export { client, closeClient, sync } from './client.ts'
export type { ClientOptions } from './options.ts'
export type { CallOptions, Client, Live, LiveOptions } from './types.ts'
