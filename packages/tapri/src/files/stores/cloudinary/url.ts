import { filesError } from '../../errors.ts'
import { checkOptions, decodePart, readPrefix, unreadable } from '../place.ts'

/** Whose cloud it is, and where it is reached. */
export interface CloudinaryUrl {
  readonly cloud: string
  readonly key: string
  readonly secret: string
  /** Where requests go, like `https://api.cloudinary.com`. */
  readonly api: string
  /** Where files are fetched from, like `https://res.cloudinary.com`. */
  readonly delivery: string
  /** In front of every key: empty, or with a slash at its end. */
  readonly prefix: string
  /** What messages show. */
  readonly shown: string
}

const options = ['prefix', 'api', 'delivery']
const form = 'cloudinary://KEY:SECRET@CLOUD'

/**
 * Reads `cloudinary://KEY:SECRET@CLOUD`, as Cloudinary's console shows it, with the options `prefix`, `api` and `delivery`.
 * @throws TAPRI_FILES_URL
 * @example readCloudinaryUrl('cloudinary://1234:secret@kites').cloud // 'kites'
 */
export function readCloudinaryUrl(text: string): CloudinaryUrl {
  const url = URL.parse(text)
  const isWhole = url !== null && url.username !== '' && url.password !== '' && /^[\w-]+$/.test(url.host)
  if (!isWhole || !/^\/?$/.test(url.pathname)) throw unreadable('Cloudinary', form)
  const shown = `cloudinary://${url.host}`
  const wrong = (why: string) => filesError('TAPRI_FILES_URL', `Cannot use the files at "${shown}": ${why}`)
  const given = url.searchParams
  checkOptions(given, options, wrong)
  const address = (name: string, fallback: string): string => {
    const value = given.get(name) ?? fallback
    if (!/^https?:\/\/[^/?#]+$/.test(value)) throw wrong(`${name} is "${value}", it must be like "${fallback}"`)
    return value
  }
  return {
    cloud: url.host,
    key: decodePart(url.username, 'Cloudinary', form),
    secret: decodePart(url.password, 'Cloudinary', form),
    api: address('api', 'https://api.cloudinary.com'),
    delivery: address('delivery', 'https://res.cloudinary.com'),
    prefix: readPrefix(given, wrong),
    shown,
  }
}
