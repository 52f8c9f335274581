import { bytes, formatBytes } from '../../../kit/measures.ts'
import { filesError } from '../../errors.ts'
import { checkOptions, decodePart, readPrefix, unreadable } from '../place.ts'

/** Where a bucket is, and how it is spoken to. */
export interface S3Url {
  readonly bucket: string
  /** In front of every key: empty, or with a slash at its end. */
  readonly prefix: string
  /** Undefined where the SDK is to find it as usual. */
  readonly region: string | undefined
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined
  /** By which browsers reach it, when that is another address. */
  readonly publicEndpoint: string | undefined
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** Whether the bucket is in the path rather than in the name of the host. */
  readonly isPathStyle: boolean
  /** Bytes of each part of a large file. */
  readonly partSize: number
  /** What messages show. */
  readonly shown: string
}

const options = ['region', 'prefix', 'part', 'endpoint', 'public', 'addressing', 'tls']
const form = 's3:BUCKET?region=eu-central-1 or s3://KEY:SECRET@HOST/BUCKET?region=eu-central-1'
/** Below it S3 takes no part but the last. */
const leastPart = 5 * 1024 ** 2
const mostPart = 512 * 1024 ** 2

/**
 * Reads `s3:BUCKET?…` (credentials and region as usual with Amazon's SDKs) and `s3://KEY:SECRET@HOST/BUCKET?…`.
 * Options: `region`, `prefix`, `part`, `endpoint`, `public`, `addressing=path|host`, `tls=off`.
 * @throws TAPRI_FILES_URL
 * @example readS3Url('s3:kites?region=eu-central-1').bucket // 'kites'
 */
export function readS3Url(text: string): S3Url {
  const url = URL.parse(text)
  const [, bucket, ...more] = `/${url?.pathname.replace(/^\//, '') ?? ''}`.split('/')
  if (url === null || bucket === undefined || !/^[a-zA-Z0-9][\w.-]{1,254}$/.test(bucket) || more.length > 0) {
    throw unreadable('S3', form)
  }
  const shown = url.host === '' ? `s3:${bucket}` : `s3://${url.host}/${bucket}`
  const wrong = (why: string) => filesError('TAPRI_FILES_URL', `Cannot use the files at "${shown}": ${why}`)
  const given = url.searchParams
  checkOptions(given, options, wrong)
  if (url.host !== '' && given.has('endpoint')) throw wrong('it has a host and an endpoint, one of them is enough')
  const tls = choice(given, { name: 'tls', known: ['on', 'off'], wrong })
  const isAmazon = /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(url.hostname)
  const own = url.host === '' ? address(given, 'endpoint', wrong) : `${tls === 'off' ? 'http' : 'https'}://${url.host}`
  const endpoint = isAmazon ? undefined : own
  const addressing = choice(given, { name: 'addressing', known: ['path', 'host'], wrong })
  return {
    bucket,
    prefix: readPrefix(given, wrong),
    // those who do not divide the world take any
    region: given.get('region') ?? (endpoint === undefined ? undefined : 'us-east-1'),
    endpoint,
    publicEndpoint: address(given, 'public', wrong),
    credentials: credentialsIn(url, wrong),
    isPathStyle: addressing === undefined ? endpoint !== undefined : addressing === 'path',
    partSize: partSize(given.get('part') ?? '8mb', wrong),
    shown,
  }
}

type Wrong = (why: string) => Error

interface Choice {
  readonly name: string
  readonly known: readonly string[]
  readonly wrong: Wrong
}

function choice(given: URLSearchParams, { name, known, wrong }: Choice): string | undefined {
  const value = given.get(name) ?? undefined
  if (value !== undefined && !known.includes(value)) throw wrong(`${name} is "${value}", it must be ${known.join(' or ')}`)
  return value
}

function address(given: URLSearchParams, name: string, wrong: Wrong): string | undefined {
  const value = given.get(name) ?? undefined
  if (value === undefined) return undefined
  const url = URL.parse(value)
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  if (!isAddress) throw wrong(`${name} is "${value}", it must be like "https://s3.example.com"`)
  return url.origin
}

function credentialsIn(url: URL, wrong: Wrong): S3Url['credentials'] {
  if (url.username === '' && url.password === '') return undefined
  if (url.username === '' || url.password === '') throw wrong('it has a key without a secret, or the other way round')
  const decode = (part: string) => decodePart(part, 'S3', form)
  return { accessKeyId: decode(url.username), secretAccessKey: decode(url.password) }
}

function partSize(text: string, wrong: Wrong): number {
  const size = /^\d/.test(text) ? sizeOf(text) : undefined
  if (size !== undefined && size >= leastPart && size <= mostPart) return size
  throw wrong(`part is "${text}", it must be a size from ${formatBytes(leastPart)} to ${formatBytes(mostPart)}, like "8mb"`)
}

function sizeOf(text: string): number | undefined {
  try {
    return bytes(text)
  } catch {
    // said by the caller, with the name of the option
    return undefined
  }
}
