import { int, oneOf, optional, type Reads, text, url } from '../schema/index.ts'

/** The settings of Tapri itself; every one has a default that works. */
export const frameworkSettings = {
  PORT: int({ min: 0, max: 65_535, default: 3000 }),
  /** Absent, it is this machine alone (127.0.0.1) in development and every address (0.0.0.0) in production. */
  HOST: optional(text({ min: 1, max: 253 })),
  DATABASE_URL: text({ min: 1, max: 2048, default: 'sqlite:data/app.db' }),
  /** Where files are kept: `disk:FOLDER`, `s3:BUCKET`, `s3://KEY:SECRET@HOST/BUCKET`, `azure://ACCOUNT:KEY@HOST/CONTAINER` or
   * `cloudinary://KEY:SECRET@CLOUD`. */
  FILES_URL: text({ min: 1, max: 2048, default: 'disk:data/files' }),
  /** Where the cache, sessions and shared rate limits are: `memory:`, or a Redis that all processes share. */
  CACHE_URL: text({ min: 1, max: 2048, default: 'memory:' }),
  /** What carries news between the processes of the app: `memory:`, `ipc:./data/bus`, `postgres://…`, `redis://…` or `nats://…`.
   * Absent, it is the database where that is PostgreSQL, and this process alone elsewhere. */
  BUS_URL: optional(text({ min: 1, max: 2048 })),
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error'], { default: 'info' }),
  /** Absent, it is `pretty` at a terminal and `json` elsewhere. */
  LOG_FORMAT: optional(oneOf(['pretty', 'json', 'silent'])),
  /** Where the world reaches the app, when that is not where it listens. */
  PUBLIC_URL: optional(url()),
  /** Signs cookies and URLs: a random text of 32 characters or more; a second such one behind a comma is still believed. */
  APP_SECRET: optional(text({ min: 32, max: 2048 })),
  /** The PEM files of a private key and its certificate: connections then speak TLS. */
  TLS_KEY: optional(text({ min: 1, max: 4096 })),
  TLS_CERT: optional(text({ min: 1, max: 4096 })),
  /** How many proxies stand in front, whose X-Forwarded-For is believed. */
  TRUST_PROXY: int({ min: 0, max: 20, default: 0 }),
  NODE_ENV: oneOf(['development', 'test', 'production'], { default: 'development' }),
} as const

export type FrameworkSettings = Omit<Reads<typeof frameworkSettings>, 'HOST'> & { readonly HOST: string }
