import { type Auth, type Caller, openAuth } from '../auth/index.ts'
import type { Bus } from '../bus/index.ts'
import type { Cache } from '../cache/index.ts'
import { type Database, openDatabase } from '../data/index.ts'
import { type Files, openFiles, shownFile } from '../files/index.ts'
import { allowsOrigin, type HttpServer, openHttp, RedisLimit, senderOf } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import { type ChannelOpener, type Live, openLive } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import { defaultPrefix } from './api-document.ts'
import { openAppBus, tellOfCommits } from './bus.ts'
import { channelRules } from './channels.ts'
import { contextClass, prepareWith } from './context.ts'
import { foldersThere } from './folders.ts'
import { Following } from './following.ts'
import { ownHosts, socketSender } from './limits.ts'
import { callsOver, identifyLive, runLive } from './live.ts'
import { internalModels } from './migration.ts'
import { mountRoutes } from './mount.ts'
import { OwnChannels } from './own-channels.ts'
import { hasChannels, partsOf, policiesOf, routesOf } from './part.ts'
import { secretsOf } from './secrets.ts'
import { startServices } from './services.ts'
import type { Settings } from './settings.ts'
import { runOnStart, Sights } from './sight.ts'
import { invalidateOnChange, openAppStores } from './stores.ts'
import { sweepHourly } from './sweep.ts'
import { tlsFiles } from './tls.ts'
import type { AppDescription } from './types.ts'
import { uploadAbilities } from './upload-routes.ts'
import { WriteTokens } from './write-tokens.ts'

interface OpenOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly migrate: 'auto' | 'refuse'
  /** Stand in for services of these names. */
  readonly replaced: Readonly<Record<string, unknown>>
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
  readonly cache: Cache
  /** Between the processes of the app. */
  readonly bus: Bus
  readonly live: Live
  /** Opens a channel from the app's own code. */
  readonly channel: ChannelOpener
  /** Every service of the app and of its modules, by name. */
  readonly services: Readonly<Record<string, unknown>>
  readonly http: HttpServer
  close(): Promise<void>
}

/** Opens the rooms from the ground up; when one cannot be opened, those below it are closed again. */
export async function openApp(description: AppDescription, options: OpenOptions): Promise<OpenApp> {
  const closers: (() => Promise<void> | void)[] = []
  const close = () => closeAll(closers)
  try {
    return { ...(await openRooms(description, options, closers)), close }
  } catch (cause) {
    // why it did not open is what has to be known
    await close().catch((error: unknown) => options.log.error('Cannot close what was open', { error }))
    throw cause
  }
}

/** The last opened first, and all of them, whatever happens to one; the first error is told in the end. */
async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = []
  for (const closer of closers.splice(0).reverse()) {
    try {
      await closer()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('; '))
  if (errors.length === 1) throw errors[0]
}

async function openRooms(
  description: AppDescription,
  { settings, clock, log, migrate, replaced, drain }: OpenOptions,
  closers: (() => Promise<void> | void)[],
): Promise<Omit<OpenApp, 'close'>> {
  const { parts, models } = description
  const prefix = parts.prefix ?? defaultPrefix
  const base = (settings.PUBLIC_URL?.replace(/\/$/, '') ?? '') + prefix
  const production = settings.NODE_ENV === 'production'
  const hasUsers = Object.hasOwn(models, 'users')
  const secrets = secretsOf(settings)

  const database = await openDatabase({
    models,
    internal: internalModels(description),
    policies: policiesOf(description),
    url: settings.DATABASE_URL,
    clock,
    log,
    migrate,
    showFile: (place, file) => shownFile(base, place, file),
    receiveFile: (file, field) => files.receive(file, field),
  })
  closers.push(() => database.close())

  const { stores, cache, redis, connections, close } = await openAppStores(settings.CACHE_URL, { clock, log })
  closers.push(close)
  closers.push(invalidateOnChange(database, cache, { models, log }))

  const bus = await openAppBus(settings, { clock, log, redis: connections })
  closers.push(() => bus.close())
  closers.push(await tellOfCommits(database, bus))

  const served = new Map(routesOf(description, prefix).map((route) => [route.name, route]))
  const files = await openFiles({
    ...parts.files,
    base,
    url: settings.FILES_URL,
    database,
    clock,
    log,
    secrets,
    production,
    bus,
    routes: { find: (name) => served.get(name) },
  })
  closers.push(() => files.close())

  const auth = hasUsers
    ? openAuth({
        database,
        clock,
        log,
        production,
        publicUrl: settings.PUBLIC_URL,
        // all processes count guesses together
        ...(redis !== undefined && {
          openLimit: (name, numbers) => new RedisLimit({ ...numbers, redis, name: `auth ${name}`, clock }),
        }),
      })
    : undefined
  if (auth !== undefined) closers.push(() => auth.settled())

  const pieces = partsOf(description)
  const following = new Following()
  const channels = new OwnChannels()
  const services = await startServices(pieces, { database, following, channels, settings, log, clock, cache, replaced, closers })
  const sights = new Sights(pieces, { database, settings, services })

  const tokens = new WriteTokens(database.changes)
  const http = openHttp({
    routes: mountRoutes({ description, files, prefix, production, publicUrl: settings.PUBLIC_URL, live: () => live }).map(
      (route) => tokens.over(route),
    ),
    Context: contextClass({ sights, auth, log, clock, cache, files: files.actions, channels }),
    watchLoop: settings.NODE_ENV !== 'test',
    prepare: prepareWith(auth),
    time: clock,
    stores,
    redis,
    readForm: ({ request, signal, user, ip }, fields) => files.readForm(request, fields, { signal, user, address: senderOf(ip) }),
    claimFiles: ({ user }, fields, values) => files.claim(values, fields, user),
    abilities: uploadAbilities(prefix),
    trustProxy: settings.TRUST_PROXY,
    ...tlsFiles(settings),
    ...ownHosts(settings),
    ...parts.http,
    secrets,
    use: (parts.use ?? []).map(({ run }) => run),
    mounts: parts.mounts ?? {},
    ...(parts.views !== undefined && { views: parts.views }),
    folders: foldersThere(parts.folders ?? {}, production, log),
    apiPrefix: prefix,
    log,
    production,
    ...(settings.PUBLIC_URL !== null && { publicUrl: settings.PUBLIC_URL }),
  })

  const trustedOrigins = [...(parts.http?.trustedOrigins ?? []), ...(parts.http?.cors?.origins ?? [])]
  const maxSockets = parts.http?.limits?.sockets
  const live = openLive<Caller>({
    database,
    log,
    clock,
    run: (run) => following.during(run.reads, () => runLive(http, run)),
    opened: (rules, caller) => database.opened(rules, caller?.user ?? null),
    call: callsOver(http, prefix, parts.http?.trustProxy ?? settings.TRUST_PROXY),
    identify: (request, token, reads) => identifyLive(auth, { request, token, reads }),
    allowOrigin: (request) => allowsOrigin(request, { trustedOrigins, publicUrl: settings.PUBLIC_URL ?? undefined }),
    senderOf: socketSender(parts.http?.trustProxy ?? settings.TRUST_PROXY, maxSockets !== undefined),
    maxSockets,
    isLive: (route) => http.isGet(route),
    ...(bus.kind !== 'memory' && { nodes: { bus, key: database.keyFor('lines') } }),
    ...(hasChannels(description) && { channels: { ...channelRules(pieces, { http, following }), database, bus, log, clock } }),
  })
  http.onUpgrade(`${prefix}/live`, live.upgrade, live)
  channels.begin(live)
  const channel = channels.openerFor({ isReadOnly: false })
  // sockets first: they would keep the server from ending
  closers.push(() => http.stop(drain))
  closers.push(() => live.stop())
  // before requests are waited for: the signal that ends this process may have ended its ffmpeg too
  closers.push(() => files.films.close())
  // nor would a push end by itself: its encoder comes back to another process
  closers.push(() => files.streams.close())

  if (auth !== undefined) closers.push(sweepHourly(auth, clock, log))
  await runOnStart(pieces, sights, { log, channel })
  return { prefix, database, files, auth, cache, bus, live, channel, services: sights.services, http }
}
