import { clientError } from './errors.ts'
import { routeBehind } from './route-behind.ts'
import { begin } from './uploads/begin.ts'
import type { OneFile, Takes, Upload, UploadOptions } from './uploads/types.ts'

export type { UploadMemory } from './uploads/memory.ts'
export type { Upload, UploadOptions, UploadState } from './uploads/types.ts'

/**
 * Uploads the file of a route's field ahead of the call that gives it to a row: in pieces, each with its checksum, so that it may
 * be paused, and goes on after lost connections, restarts of the server and, in pages, after they were loaded again.
 * Speaks tus 1.0. What the route refuses (who may call it, the type and size of its field) is refused here already.
 * @throws TAPRI_CLIENT_INPUT when that is no route of a client, or not one field and its file
 * @example const source = await upload(api.videos.create, { source: file }).done; await api.videos.create({ title, source })
 */
export function upload<In>(route: Takes<In>, file: OneFile<In>, options: UploadOptions = {}): Upload {
  const { parts, name } = routeBehind(route) ?? {}
  const [[field, content] = [], ...others] = Object.entries(file)
  if (parts === undefined || name === undefined || field === undefined || !(content instanceof Blob) || others.length > 0) {
    throw clientError(
      'TAPRI_CLIENT_INPUT',
      'Cannot upload: name a route and its file, like upload(api.videos.create, { source })',
    )
  }
  return begin(parts.settings, { route: name, field }, content, options)
}
