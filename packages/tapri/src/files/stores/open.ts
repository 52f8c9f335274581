import { type Clock, systemClock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'
import type { Store } from '../store.ts'
import { openAzure } from './azure/azure.ts'
import { openCloudinary } from './cloudinary/cloudinary.ts'
import { openDisk } from './disk.ts'
import { openS3 } from './s3/s3.ts'

type Open = (url: string, clock: Clock) => Promise<Store>

const makers: Readonly<Record<string, Open>> = {
  disk: (url, clock) => openDisk(url.slice('disk:'.length), clock),
  s3: openS3,
  azure: openAzure,
  cloudinary: openCloudinary,
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
  const open = Object.hasOwn(makers, scheme) ? makers[scheme] : undefined
  if (open !== undefined) return open(url, clock)
  // what follows the scheme may hold a password
  const begins = scheme === '' ? 'it begins with no such word' : `it begins with "${scheme}:"`
  throw filesError('TAPRI_FILES_URL', `Cannot open the files at FILES_URL: ${begins}, write one of ${forms}`)
}
