import type { FormEvent } from 'react'
import { SendIcon } from './icons.tsx'

/** One line to say; it is sent with Enter, and others see that somebody types. */
export function ChatForm({ onSay, onTyping }: { onSay: (text: string) => void; onTyping: (isTyping: boolean) => void }) {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('text')).trim()
    if (text === '') return
    event.currentTarget.reset()
    onTyping(false)
    onSay(text)
  }
  return (
    <form className="chat-form" onSubmit={send}>
      <input
        name="text"
        aria-label="Say something"
        placeholder="Say something"
        autoComplete="off"
        maxLength={500}
        onChange={(event) => onTyping(event.target.value !== '')}
        onBlur={() => onTyping(false)}
      />
      <button type="submit" className="icon-button" aria-label="Send">
        <SendIcon />
      </button>
    </form>
  )
}
