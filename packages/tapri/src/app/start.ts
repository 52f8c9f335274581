import { type Clock, systemClock } from '../kit/clock.ts'
import { type Log, openLog } from '../observe/index.ts'
import { checkParts, checkPolicies } from './check.ts'
import { keepHeapSmall } from './heap.ts'
import { type OpenApp, openApp } from './open.ts'
import { neededSettings } from './part.ts'
import { readAll } from './settings.ts'
import type { AppDescription, StartOptions } from './types.ts'

/** What tests and tools may put in place of what a process has by itself. */
export interface StartedOptions extends StartOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** A file of settings below the environment: `.env` unless told, null for none. */
  readonly file?: string | null
  readonly clock?: Clock
  readonly log?: Log
  /** Whether safe changes of the models are made to the database by themselves: not in production, unless told. */
  readonly migrate?: 'auto' | 'refuse'
  /** How long requests in flight may take when it stops: 10,000 milliseconds in production, 100 in development unless told. */
  readonly drain?: number
  /** Stand in for services of these names, which are not started then; nor are their settings asked for. */
  readonly services?: Readonly<Record<string, unknown>>
}

/** A running app, with the parts that tests look into. */
export interface Started extends Omit<OpenApp, 'http' | 'close'> {
  readonly url: string
  /** The URL with the prefix: what the typed client is given. */
  readonly apiUrl: string
  readonly log: Log
  /** Answers a request without a network, as if it had come over it; undefined where a part of the app needs objects of Node. */
  readonly fetch: ((request: Request) => Promise<Response>) | undefined
  stop(): Promise<void>
}

/** A developer who saves a file waits for the next start, not for a browser's idle connection. */
const drainTime = { production: 10_000, development: 100, test: 0 } as const

/**
 * Opens everything in order and listens; what is open when a step fails is closed again.
 * @throws TAPRI_APP_NO_POLICY, TAPRI_APP_NAME_TWICE, TAPRI_APP_MISSING, TAPRI_APP_RING, TAPRI_APP_SERVICE, TAPRI_CONFIG_INVALID, TAPRI_HTTP_PORT_IN_USE and what the rooms throw
 * @example const started = await startApp(app.description, { port: 0 }); await started.stop()
 */
export async function startApp(description: AppDescription, options: StartedOptions = {}): Promise<Started> {
  checkParts(description)
  checkPolicies(description)
  const { clock = systemClock, environment = process.env, services = {} } = options
  const settings = readAll(neededSettings(description, services), environment, options.file === undefined ? '.env' : options.file)
  const log = options.log ?? openLog({ format: settings.LOG_FORMAT ?? ownFormat(), level: settings.LOG_LEVEL })
  const migrate = options.migrate ?? (settings.NODE_ENV === 'production' ? 'refuse' : 'auto')
  const opened = await openApp(description, {
    settings,
    clock,
    log,
    migrate,
    replaced: services,
    drain: options.drain ?? drainTime[settings.NODE_ENV],
  })
  try {
    const url = await opened.http.listen({ port: options.port ?? settings.PORT, host: options.host ?? settings.HOST })
    log.info(`Listening on ${url}`)
    keepHeapSmall()
    const { http, close, ...parts } = opened
    return { ...parts, url, apiUrl: url + opened.prefix, log, fetch: http.fetch, stop: close }
  } catch (cause) {
    await opened.close()
    throw cause
  }
}

function ownFormat(): 'pretty' | 'json' {
  return process.stdout.isTTY ? 'pretty' : 'json'
}
