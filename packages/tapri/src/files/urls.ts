import { kitError } from '../kit/errors.ts'
import { sizeFault } from '../schema/index.ts'
import { accessTo } from './access.ts'
import { adHoc, sizeClaim } from './images/sizes.ts'
import type { Signing } from './signing.ts'
import type { FileActions, FilmActions } from './types.ts'

/** Makes URLs out of those that rows show. */
export function fileActions(signing: Signing): Omit<FileActions, keyof FilmActions> {
  return {
    signedUrl(file, { part, ...options }) {
      const { path, version, place } = placeIn(file.url)
      const token = signing.sign(accessTo(place, file.id, part), options)
      const query = new URLSearchParams({ v: version, file: file.id, token })
      return `${path}${part === undefined ? '' : `/${encodeURIComponent(part)}`}?${query}`
    },
    variantUrl(file, size) {
      const fault = sizeFault(size)
      if (fault !== undefined) throw kitError('TAPRI_KIT_FILE', `Cannot use variantUrl() with ${fault}: write { width: 320 }`)
      const { path, version } = placeIn(file.url)
      const token = signing.sign(sizeClaim(file.id, size))
      const asked = Object.entries(size).map(([name, value]): [string, string] => [name, String(value)])
      return `${path}/${adHoc}?${new URLSearchParams([['v', version], ...asked, ['token', token]])}`
    },
  }
}

/** What the URL that a row shows of a file says. */
export function placeIn(url: string) {
  const [path = '', query] = url.split('?', 2)
  const [model = '', id = '', field = ''] = path.split('/').slice(-3)
  return { path, version: new URLSearchParams(query).get('v') ?? '', place: { model, id, field } }
}
