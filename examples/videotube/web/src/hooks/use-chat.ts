import { useEffect, useState } from 'react'
import type { Id } from 'tapri/data'
import { api, type Chat, type ChatMember, type ChatMessage } from '../api.ts'
import { messageOf } from '../errors.ts'
import { useToast } from './toasts.tsx'

/** What was written here and is on its way. */
interface Waiting {
  readonly id: number
  readonly text: string
}
interface Heard {
  readonly messages: readonly ChatMessage[]
  readonly waiting: readonly Waiting[]
  readonly members: readonly ChatMember[]
  readonly error?: Error
}
const nothing: Heard = { messages: [], waiting: [], members: [] }
const mostShown = 300
let lastWaiting = 0

/** The chat beside a video for as long as the component is shown; `own` is who writes here. */
export function useChat(video: Id<'videos'>, own: Id<'users'> | undefined) {
  const [heard, setHeard] = useState(nothing)
  const [chat, setChat] = useState<Chat>()
  const toast = useToast()

  useEffect(() => {
    const chat = api.chat({ id: video }, { onError: (error) => setHeard((before) => ({ ...before, error })) })
    chat.onMessage((message) =>
      setHeard((before) => ({
        ...before,
        messages: [...before.messages, message].slice(-mostShown),
        waiting: message.from === own ? arrived(before.waiting, message.body.text) : before.waiting,
      })),
    )
    chat.onMembers((members) => setHeard((before) => ({ ...before, members })))
    setHeard(nothing)
    setChat(chat)
    return () => chat.leave()
  }, [video, own])

  const say = (text: string) => {
    const id = ++lastWaiting
    setHeard((before) => ({ ...before, waiting: [...before.waiting, { id, text }] }))
    chat?.send({ text }).catch((error) => {
      setHeard((before) => ({ ...before, waiting: before.waiting.filter((line) => line.id !== id) }))
      toast({ text: `“${text}” was not sent: ${messageOf(error)}` })
    })
  }
  return { ...heard, chat, say }
}

/** Without the first of those that say this. */
function arrived(waiting: readonly Waiting[], text: string): readonly Waiting[] {
  const place = waiting.findIndex((line) => line.text === text)
  return place < 0 ? waiting : waiting.toSpliced(place, 1)
}
