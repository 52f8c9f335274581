import { existsSync } from 'node:fs'
import { type Auth, type Caller, openAuth } from '../auth/index.ts'
import { type Database, openDatabase } from '../data/index.ts'
import { type Files, openFiles } from '../files/index.ts'
import { allowsOrigin, type HttpServer, openHttp } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import { type Live, openLive } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import { contextClass, prepareWith } from './context.ts'
import { identifyLive, runLive } from './live.ts'
import { internalModels } from './migration.ts'
import { defaultPrefix, fileUrl, mountRoutes } from './mount.ts'
import type { Settings } from './settings.ts'
import type { AppDescription, Folder } from './types.ts'

const hour = 3_600_000

interface OpenOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly migrate: 'auto' | 'refuse'
  /** How long requests in flight may take when the app closes, in milliseconds. */
  readonly drain: number
}

/** The rooms of one app, joined and ready to listen. */
export interface OpenApp {
  readonly prefix: string
  readonly database: Database
  readonly files: Files
  /** Absent in an app without a model `users`. */
  readonly auth: Auth | undefined
  readonly live: Live
  readonly http: HttpServer
  close(): Promise<void>
}

/** Opens the rooms from the ground up; when one cannot be opened, those below it are closed again. */
export async function openApp(description: AppDescription, options: OpenOptions): Promise<OpenApp> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return { ...(await openRooms(description, options, closers)), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

async function openRooms(
  description: AppDescription,
  { settings, clock, log, migrate, drain }: OpenOptions,
  closers: (() => Promise<void> | void)[],
): Promise<Omit<OpenApp, 'close'>> {
  const { parts, models } = description
  const prefix = parts.prefix ?? defaultPrefix
  const base = (settings.PUBLIC_URL?.replace(/\/$/, '') ?? '') + prefix
  const production = settings.NODE_ENV === 'production'
  const hasUsers = Object.hasOwn(models, 'users')

  const database = await openDatabase({
    models,
    internal: internalModels(description),
    policies: parts.policies,
    url: settings.DATABASE_URL,
    clock,
    log,
    migrate,
    fileUrl: (model, row, field, file) => fileUrl(base, { model, row, field, file: file.id }),
    receiveFile: (file, field) => files.receive(file, field),
  })
  closers.push(() => database.close())

  const files = await openFiles({ url: settings.FILES_URL, database, clock, log })
  closers.push(() => files.close())

  const auth = hasUsers ? openAuth({ database, clock, log, production, publicUrl: settings.PUBLIC_URL }) : undefined
  if (auth !== undefined) closers.push(() => auth.settled())

  const http = openHttp({
    routes: mountRoutes({ description, files, prefix }),
    Context: contextClass({ database, auth, settings, log, clock }),
    prepare: prepareWith(auth),
    readForm: (context, fields) => files.readForm(context.request, fields, { signal: context.signal }),
    trustProxy: settings.TRUST_PROXY,
    ...parts.http,
    secrets: settings.APP_SECRET?.split(',').map((secret) => secret.trim()) ?? [],
    use: (parts.use ?? []).map(({ run }) => run),
    mounts: parts.mounts ?? {},
    ...(parts.views !== undefined && { views: parts.views }),
    folders: foldersThere(parts.folders ?? {}, production, log),
    apiPrefix: prefix,
    log,
    production,
    ...(settings.PUBLIC_URL !== null && { publicUrl: settings.PUBLIC_URL }),
  })

  const live = openLive<Caller>({
    database,
    log,
    clock,
    run: (run) => runLive(http, run),
    identify: (request, token, reads) => identifyLive(auth, { request, token, reads }),
    allowOrigin: (request) => allowsOrigin(request, { publicUrl: settings.PUBLIC_URL ?? undefined }),
    isLive: (route) => http.isGet(route),
  })
  http.onUpgrade(`${prefix}/live`, live.upgrade)
  // sockets first: they would keep the server from ending
  closers.push(() => http.stop(drain))
  closers.push(() => live.stop())

  if (auth !== undefined) closers.push(sweepHourly(auth, clock, log))
  await parts.onStart?.({ db: database.asSystem, log })
  return { prefix, database, files, auth, live, http }
}

/** While an interface is being made its folder may not be built yet; in production a missing one is refused by http. */
function foldersThere(folders: Readonly<Record<string, Folder>>, production: boolean, log: Log) {
  if (production) return folders
  return Object.fromEntries(
    Object.entries(folders).filter(([path, { from }]) => {
      const isThere = existsSync(from)
      if (!isThere) log.info(`Serving nothing at "${path}": there is no folder "${from}" yet`)
      return isThere
    }),
  )
}

/** Removes what has expired, now and every hour; the answer ends it. */
function sweepHourly(auth: Auth, clock: Clock, log: Log): () => Promise<void> {
  let sweeping = sweep()
  let stop = clock.after(hour, again)
  return () => {
    stop()
    return sweeping
  }

  function again(): void {
    stop = clock.after(hour, again)
    sweeping = sweep()
  }

  function sweep(): Promise<void> {
    return auth.sweep().catch((error: unknown) => log.error('Cannot remove expired sessions', { error }))
  }
}
