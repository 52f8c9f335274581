import { type Clock, systemClock } from '../kit/clock.ts'
import { plainFacts } from './plain.ts'
import { formatPretty } from './pretty.ts'
import { type Redact, redactor } from './redact.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'
/** `pretty` is for people at a terminal, `json` for programs, `silent` writes nothing (listeners still hear). */
export type LogFormat = 'pretty' | 'json' | 'silent'

/** One thing that happened. Secrets are taken out before anybody sees it. */
export interface LogEntry {
  /** Milliseconds since 1970 (UTC). */
  readonly time: number
  readonly level: Level
  /** The name of an event, like `http.request.failed`; absent for plain messages. */
  readonly event?: string
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** Writes what happens. Never throws: work must not fail because it was told of. */
export interface Log {
  debug(message: string, facts?: object): void
  info(message: string, facts?: object): void
  warn(message: string, facts?: object): void
  error(message: string, facts?: object): void
  /** Tells of a named event, `info` unless told.
   * @example log.event('jobs.job.gave-up', { id, attempt }, 'warn') */
  event(name: string, facts?: object, level?: Level): void
  /** A log that adds these facts to each entry. */
  with(facts: object): Log
  /** Hears each entry of this log and of those made `with` it; the answer stops it. */
  subscribe(listener: (entry: LogEntry) => void): () => void
}

export interface LogOptions {
  /** `pretty` at a terminal and `json` elsewhere, unless told. */
  readonly format?: LogFormat
  /** `info` unless told. */
  readonly level?: Level
  /** Takes each line, without its newline; standard output unless told. */
  readonly write?: (line: string) => void
  readonly clock?: Clock
  /** Texts that must never be written, wherever they turn up; those shorter than 4 characters are not looked for. */
  readonly secrets?: readonly string[]
  /** Colours for `pretty`; on when standard output is a terminal and NO_COLOR is unset, unless told. */
  readonly colours?: boolean
}

/** What the logs made `with` one another have in common. */
interface Sink {
  readonly lowest: number
  readonly clock: Clock
  readonly redact: Redact
  /** Absent when nothing is written. */
  readonly write: ((entry: LogEntry) => void) | undefined
  readonly listeners: Set<(entry: LogEntry) => void>
}

const ranks: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/**
 * Opens a log: lines to read at a terminal, JSON lines elsewhere, secrets redacted in both.
 * @example const log = openLog({ level: 'info' }); log.info('Listening', { url })
 */
export function openLog(options: LogOptions = {}): Log {
  return logOn({
    lowest: ranks[options.level ?? 'info'],
    clock: options.clock ?? systemClock,
    redact: redactor(options.secrets),
    write: writerOf(options),
    listeners: new Set(),
  })
}

/** A log that writes nothing. */
export const silentLog: Log = openLog({ format: 'silent' })

function logOn(sink: Sink, shared?: object): Log {
  const add = (level: Level, message: string, facts: object | undefined, isEvent = false) => {
    if (ranks[level] < sink.lowest) return
    if (sink.write === undefined && sink.listeners.size === 0) return
    const clean = sink.redact.text(message)
    const entry: LogEntry = {
      time: sink.clock.now(),
      level,
      ...(isEvent && { event: clean }),
      message: clean,
      facts: plainFacts([shared, facts], sink.redact, { stacks: level === 'error' }),
    }
    tell(sink, entry)
  }
  return {
    debug: (message, facts) => add('debug', message, facts),
    info: (message, facts) => add('info', message, facts),
    warn: (message, facts) => add('warn', message, facts),
    error: (message, facts) => add('error', message, facts),
    event: (name, facts, level = 'info') => add(level, name, facts, true),
    with: (facts) => logOn(sink, shared === undefined ? facts : { ...shared, ...facts }),
    subscribe(listener) {
      // wrapped, so that one function subscribed twice is heard twice and let go of once
      const own = (entry: LogEntry) => listener(entry)
      sink.listeners.add(own)
      return () => {
        sink.listeners.delete(own)
      }
    },
  }
}

function tell(sink: Sink, entry: LogEntry): void {
  const receivers = sink.write === undefined ? [...sink.listeners] : [sink.write, ...sink.listeners]
  for (const receive of receivers) {
    try {
      receive(entry)
    } catch {
      // a full disk or a broken listener must not fail the work that is told of, and there is nowhere left to tell it
    }
  }
}

function writerOf(options: LogOptions): Sink['write'] {
  const format = options.format ?? (process.stdout.isTTY ? 'pretty' : 'json')
  if (format === 'silent') return undefined
  const write = options.write ?? toStandardOutput()
  if (format === 'json') return (entry) => write(formatJson(entry))
  const colours = options.colours ?? (options.write === undefined && process.stdout.isTTY && !process.env.NO_COLOR)
  return (entry) => write(formatPretty(entry, colours))
}

function formatJson({ time, level, event, message, facts }: LogEntry): string {
  const named = event === undefined ? { message } : { event }
  // facts come under one key, so that none of them can pass for the level or the time
  const told = Object.keys(facts).length === 0 ? {} : { facts }
  return JSON.stringify({ time: new Date(time).toISOString(), level, ...named, ...told })
}

let guarded = false

function toStandardOutput(): (line: string) => void {
  if (!guarded) {
    guarded = true
    // a reader that went away (`| head`) would otherwise end the process with EPIPE
    process.stdout.on('error', () => {})
  }
  return (line) => {
    process.stdout.write(`${line}\n`)
  }
}
