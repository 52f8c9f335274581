import { milliseconds } from '../../../kit/measures.ts'
import { captureOf } from '../../../kit/server-url.ts'
import { dataError } from '../../errors.ts'

export interface MongoUrl {
  /** For the package: everything but the options that are ours. */
  readonly text: string
  /** One or more, like `host1:27017,host2`. */
  readonly hosts: string
  readonly database: string
  /** Options that the URL gives, so that they are not given anew. */
  readonly given: ReadonlySet<string>
  readonly statementTimeout: number
  /** Whether what others write there is to be heard. */
  readonly capture: boolean
}

const form = /^(mongodb(?:\+srv)?:\/\/)([^@/?]*@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/

/** Reads `mongodb://user:password@host1,host2/database?replicaSet=rs0&statement_timeout=30s`; all other options are the
 * package's own.
 * @throws TAPRI_DATA_URL */
export function readUrl(text: string): MongoUrl {
  const [, scheme = '', user = '', hosts = '', path = '', query = ''] = form.exec(text) ?? []
  if (hosts === '') {
    const example = 'it must be like "mongodb://user:password@host/database?replicaSet=rs0", with %-signs for special characters'
    // the text may hold a password, so it is not repeated
    throw dataError('TAPRI_DATA_URL', `Cannot open the MongoDB database: its URL cannot be read, ${example}`)
  }
  const place = `${hosts}/${path}`
  const database = nameIn(path, place)
  const options = query.split('&').filter((each) => each !== '')
  const own = options.filter((each) => ['statement_timeout', 'capture'].includes(keyOf(each)))
  const ownOption = (name: string) => own.findLast((each) => keyOf(each) === name)
  const theirs = options.filter((each) => !own.includes(each))
  return {
    text: `${scheme}${user}${hosts}/${path}${theirs.length === 0 ? '' : `?${theirs.join('&')}`}`,
    hosts,
    database,
    given: new Set(theirs.map(keyOf)),
    statementTimeout: timeoutOf(ownOption('statement_timeout'), place),
    capture: captureOf(ownOption('capture')?.slice('capture='.length) ?? 'off', (reason) => wrong(place, reason)),
  }
}

/** The place without the password, for messages. */
export function placeOf({ hosts, database }: MongoUrl): string {
  return `${hosts}/${database}`
}

// https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
const databaseForm = /^[^/\\. "$*<>:|?\0]{1,63}$/

function nameIn(path: string, place: string): string {
  if (path === '') throw wrong(place, 'it names no database, it must be like "mongodb://host/database?replicaSet=rs0"')
  const name = decoded(path)
  if (name !== undefined && databaseForm.test(name)) return name
  throw wrong(place, `"${path}" is no name of a database`)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // said by the caller, with the text
    return undefined
  }
}

function timeoutOf(option: string | undefined, place: string): number {
  const text = option === undefined ? '30s' : (decoded(option.slice(option.indexOf('=') + 1)) ?? '')
  try {
    const value = milliseconds(text)
    if (value > 0) return value
  } catch {
    // said below, with the name of the option
  }
  throw wrong(place, `statement_timeout is "${text}", it must be a duration like "10s"`)
}

/** The package reads names of options without regard to case. */
function keyOf(option: string): string {
  return option.slice(0, option.indexOf('=')).toLowerCase()
}

function wrong(place: string, reason: string) {
  return dataError('TAPRI_DATA_URL', `Cannot open the database "${place}": ${reason}`)
}
