import { TapriError } from '../../kit/errors.ts'
import { filesError } from '../errors.ts'
import { withLocalFile } from '../local-file.ts'
import type { Pictured } from '../media.ts'
import type { Store } from '../store.ts'
import { type PictureSize, plainTypes, readSize } from './head.ts'
import { hasSharp, readHead } from './sharp.ts'

/** What libvips reads, and what can be told without it; by the content, not by what a sender says. */
const readable: readonly string[] = [...plainTypes, 'image/avif', 'image/tiff']

/**
 * Looks at the head of a picture that has come whole; no pixel is decoded. Without the package that reads pictures it is read here,
 * where that can be done: what is let in is always known to have no more pixels than its field allows.
 * @throws TAPRI_FILES_PICTURE when it is none, TAPRI_FILES_PIXELS when it has too many
 */
export async function lookAtPicture(
  file: { readonly key: string; readonly name: string; readonly type: string },
  { field, maxPixels }: { readonly field: string; readonly maxPixels: number },
  store: Store,
): Promise<Pictured> {
  const { key, name, type } = file
  if (!readable.includes(type)) throw refused(`it is ${type}, which has no sizes that can be shown: send a JPEG, PNG or WebP`)
  const isPlain = !hasSharp()
  if (isPlain && !plainTypes.includes(type))
    throw refused(`it is ${type}, which this server cannot look into (it has no "sharp"): send a JPEG, PNG, WebP or GIF`)
  const read = isPlain ? readSize : readHead
  const { width, height, pixels } = await withLocalFile<PictureSize>(store, { key }, read).catch((cause: unknown) => {
    if (cause instanceof TapriError) throw cause
    throw refused('its content cannot be read as a picture', cause)
  })
  if (pixels <= maxPixels) return { width, height }
  throw filesError(
    'TAPRI_FILES_PIXELS',
    `Cannot accept "${name}" as ${field}: it has ${pixels} pixels, at most ${maxPixels} are allowed by maxPixels`,
    { facts: { field, pixels, maxPixels } },
  )

  function refused(why: string, cause?: unknown) {
    return filesError('TAPRI_FILES_PICTURE', `Cannot accept "${name}" as ${field}: ${why}`, { cause, facts: { field } })
  }
}
