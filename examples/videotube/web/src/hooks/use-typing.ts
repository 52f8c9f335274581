import { useEffect, useRef, useState } from 'react'
import type { Chat } from '../api.ts'

/** Whoever types says so this often, and is taken to have stopped when nothing came for twice as long. */
const often = 2_000

/** Who types in a chat, and how to say that one does. */
export function useTyping(chat: Chat | undefined) {
  const [typing, setTyping] = useState<ReadonlySet<string>>(new Set())
  const told = useRef(0)

  useEffect(() => {
    if (chat === undefined) return
    const timers = new Map<string, ReturnType<typeof setTimeout>>()
    const stop = (id: string) => setTyping((before) => new Set([...before].filter((other) => other !== id)))
    const cancels = [
      chat.onSignal(({ from, signal }) => {
        clearTimeout(timers.get(from))
        if (!signal.typing) return stop(from)
        timers.set(from, setTimeout(stop, 2 * often, from))
        setTyping((before) => new Set(before).add(from))
      }),
      chat.onMessage(({ from }) => stop(from)),
    ]
    return () => {
      for (const timer of timers.values()) clearTimeout(timer)
      for (const cancel of cancels) cancel()
    }
  }, [chat])

  const tell = (isTyping: boolean) => {
    const now = Date.now()
    if (isTyping ? now - told.current < often : told.current === 0) return
    told.current = isTyping ? now : 0
    chat?.signal({ typing: isTyping })
  }
  return { typing, tell }
}
