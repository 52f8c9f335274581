import { type Clock, systemClock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'
import type { Store } from '../store.ts'
import { openDisk } from './disk.ts'

type Open = (url: string, clock: Clock) => Promise<Store>

/** Each is loaded when it is asked for: an app has one store. */
const makers: Readonly<Record<string, () => Promise<Open>>> = {
  disk: async () => (url, clock) => openDisk(url.slice('disk:'.length), clock),
  s3: async () => (await import('./s3/s3.ts')).openS3,
  azure: async () => (await import('./azure/azure.ts')).openAzure,
  cloudinary: async () => (await import('./cloudinary/cloudinary.ts')).openCloudinary,
}

const forms =
  '"disk:data/files", "s3:BUCKET", "s3://KEY:SECRET@HOST/BUCKET", "azure://ACCOUNT:KEY@HOST/CONTAINER" or "cloudinary://KEY:SECRET@CLOUD"'

/**
 * Opens the store that a URL names; `FILES_URL` is such a URL.
 * @throws TAPRI_FILES_URL, TAPRI_FILES_STORE when it cannot be used, TAPRI_FILES_NO_SDK
 * @example const store = await openStore('disk:data/files')
 */
export async function openStore(url: string, clock: Clock = systemClock): Promise<Store> {
  const [, scheme = ''] = /^([a-z][a-z0-9]*):./.exec(url) ?? []
  const load = Object.hasOwn(makers, scheme) ? makers[scheme] : undefined
  if (load !== undefined) return (await load())(url, clock)
  // what follows the scheme may hold a password
  const begins = scheme === '' ? 'it begins with no such word' : `it begins with "${scheme}:"`
  throw filesError('TAPRI_FILES_URL', `Cannot open the files at FILES_URL: ${begins}, write one of ${forms}`)
}
