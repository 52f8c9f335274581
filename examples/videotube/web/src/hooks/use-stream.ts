import type Hls from 'hls.js'
import { type RefObject, useEffect, useState } from 'react'

interface Stream {
  /** Pixels, one for each quality that there is. */
  readonly heights: readonly number[]
  /** Which of them is chosen; -1 for whatever the line carries. */
  readonly chosen: number
  choose(quality: number): void
}

/** Plays an HLS stream in a video element, in the quality that the line carries unless one is chosen. */
export function useStream(video: RefObject<HTMLVideoElement | null>, url: string | null, onFailure: () => void): Stream {
  const [player, setPlayer] = useState<Hls>()
  const [heights, setHeights] = useState<readonly number[]>([])
  const [chosen, setChosen] = useState(-1)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the stream decides, whatever is to be done when it fails
  useEffect(() => {
    const element = video.current
    if (!element || url === null) return
    let made: Hls | undefined
    let left = false
    const play = async () => {
      // large, and of no use before there is something to play
      const { default: Hls } = await import('hls.js')
      if (left) return
      if (!Hls.isSupported()) {
        // iPhones play streams by themselves
        element.src = url
        return
      }
      const hls = new Hls({ enableWorker: false, capLevelToPlayerSize: true })
      made = hls
      hls.on(Hls.Events.MANIFEST_PARSED, () => setHeights(hls.levels.map(({ height }) => height)))
      let isMended = false
      hls.on(Hls.Events.ERROR, (_event, { fatal, type }) => {
        if (!fatal) return
        if (type !== Hls.ErrorTypes.MEDIA_ERROR || isMended) return onFailure()
        // the decoder of a stream that began anew
        isMended = true
        hls.recoverMediaError()
      })
      hls.loadSource(url)
      hls.attachMedia(element)
      setPlayer(hls)
    }
    play().catch(onFailure)
    return () => {
      left = true
      made?.destroy()
      setPlayer(undefined)
      setHeights([])
      setChosen(-1)
    }
  }, [url])

  const choose = (quality: number) => {
    setChosen(quality)
    if (player) player.nextLevel = quality
  }
  return { heights, chosen, choose }
}
