import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { milliseconds } from '../../../kit/measures.ts'
import { captureOf } from '../../../kit/server-url.ts'
import { dataError } from '../../errors.ts'

export interface SqliteUrl {
  /** `:memory:` or a whole path. */
  readonly path: string
  readonly synchronous: 'FULL' | 'NORMAL' | 'OFF'
  /** Milliseconds that one read may take. */
  readonly statementTimeout: number
  /** Threads for reads that take long, at most. */
  readonly readers: number
  /** Whether what other programs write is to be heard. */
  readonly capture: boolean
}

const known = ['synchronous', 'statement_timeout', 'readers', 'capture']
const levels: Readonly<Record<string, SqliteUrl['synchronous']>> = { full: 'FULL', normal: 'NORMAL', off: 'OFF' }
const mostReaders = 64

/** Reads `sqlite:data/app.db`, `sqlite:///var/app.db`, `sqlite::memory:`, with options like `?synchronous=normal`.
 * @throws TAPRI_DATA_URL */
export function readUrl(url: string): SqliteUrl {
  const [place = '', query = ''] = url.slice('sqlite:'.length).split('?', 2)
  const path = place.startsWith('//') ? place.slice(2) : place
  if (path === '' || path.includes('\0')) throw wrong(url, 'it names no file')
  const options = new URLSearchParams(query)
  const stranger = [...options.keys()].find((key) => !known.includes(key))
  if (stranger !== undefined) throw wrong(url, `it has the option "${stranger}", known are ${known.join(', ')}`)
  return {
    path: path === ':memory:' ? path : resolve(path),
    synchronous: levelOf(url, options.get('synchronous') ?? 'full'),
    statementTimeout: timeoutOf(url, options.get('statement_timeout') ?? '30s'),
    readers: readersOf(url, options.get('readers')),
    capture: captureOf(options.get('capture') ?? 'off', (reason) => wrong(url, reason)),
  }
}

function levelOf(url: string, text: string): SqliteUrl['synchronous'] {
  const level = levels[text.toLowerCase()]
  if (level === undefined) throw wrong(url, `synchronous is "${text}", it must be full, normal or off`)
  return level
}

function timeoutOf(url: string, text: string): number {
  try {
    const value = milliseconds(text)
    if (value > 0) return value
  } catch {
    // said below, with the name of the option
  }
  throw wrong(url, `statement_timeout is "${text}", it must be a duration like "30s"`)
}

/** Two at least, or whatever is asked would wait behind one long report. */
function readersOf(url: string, text: string | null): number {
  if (text === null) return Math.max(2, availableParallelism() - 1)
  const readers = Number(text)
  if (/^\d+$/.test(text) && readers <= mostReaders) return readers
  throw wrong(url, `readers is "${text}", it must be a number from 0 to ${mostReaders}`)
}

function wrong(url: string, reason: string) {
  return dataError('TAPRI_DATA_URL', `Cannot open "${url}": ${reason}`)
}
