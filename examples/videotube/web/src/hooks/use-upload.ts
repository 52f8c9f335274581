import { useEffect, useRef, useState } from 'react'
import type { Id } from 'tapri/data'
import { type Upload, upload } from 'tapri/upload'
import { api } from '../api.ts'
import { isRefused } from '../errors.ts'
import { navigate } from '../router.tsx'
import { useAction } from './use-action.ts'

interface About {
  readonly title: string
  readonly description: string
  readonly published: boolean
}

/** Uploads a video, which stands in the studio while it is on its way; whoever left goes on with it from there. */
export function useUpload(begun: Id<'videos'> | null) {
  const [sending, setSending] = useState<Upload>()
  const leave = useRef<AbortController>(null)
  const video = useRef(begun)

  const send = useAction(async (file: File, { published, ...about }: About) => {
    leave.current = new AbortController()
    const { signal } = leave.current
    const id = video.current ?? (await api.videos.create(about)).id
    video.current = id
    // who loads the page again goes on with this one
    history.replaceState(null, '', `/upload?video=${id}`)
    const sending = upload(api.videos.update, { source: file }, { signal })
    setSending(sending)
    try {
      const source = await sending.done
      await api.videos.update({ id, ...about, source, published })
      navigate(`/watch/${id}`, { replace: true })
    } catch (cause) {
      // to cancel and to leave is what the visitor wanted
      if (sending.state.stage === 'cancelled' || signal.aborted) return
      // what the server will not have is no video; where even that cannot be said, the studio lists it
      if (isRefused(cause)) await forget().catch(() => {})
      throw cause
    } finally {
      setSending(undefined)
    }
  })
  // what has arrived waits on the server
  useEffect(() => () => leave.current?.abort(), [])

  const forget = async () => {
    if (video.current) await api.videos.remove({ id: video.current })
    video.current = null
    history.replaceState(null, '', '/upload')
  }
  const cancel = useAction(async () => {
    await sending?.cancel()
    await forget()
  })
  return { ...send, sending, cancel }
}
