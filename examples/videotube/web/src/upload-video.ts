import type { CallOptions } from 'tapri/client'
import type { Id } from 'tapri/data'
import { api } from './api.ts'

interface About {
  readonly title: string
  readonly description: string
  readonly published: boolean
}

/** Uploads a video. It stands in the studio while it is on its way, and goes when it will not arrive. */
export async function uploadVideo(source: File, { published, ...about }: About, options: CallOptions): Promise<Id<'videos'>> {
  const { id } = await api.videos.create(about)
  try {
    await api.videos.update({ id, source, published }, options)
    return id
  } catch (cause) {
    // without a line it stays there, for its owner to delete
    await api.videos.remove({ id }).catch(() => {})
    throw cause
  }
}
