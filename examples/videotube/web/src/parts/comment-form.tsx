import { type FormEvent, type KeyboardEvent, useId, useRef, useState } from 'react'
import { FormError } from './field.tsx'

/** A box to write in; Ctrl and Enter send it too. It is empty at once, and what was refused comes back. */
export function CommentForm(props: {
  label: string
  action: string
  text?: string
  onSend: (text: string) => Promise<unknown>
  onCancel?: () => void
}) {
  const id = useId()
  const form = useRef<HTMLFormElement>(null)
  const box = useRef<HTMLTextAreaElement>(null)
  const [error, setError] = useState<unknown>()
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('text')).trim()
    if (text === '') return
    event.currentTarget.reset()
    setError(undefined)
    try {
      await props.onSend(text)
    } catch (refusal) {
      setError(refusal)
      // nothing that was written is lost, neither then nor since
      if (box.current?.value === '') box.current.value = text
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit()
    if (event.key === 'Escape') props.onCancel?.()
  }
  return (
    <form className="comment-form" ref={form} onSubmit={send}>
      <label className="unseen" htmlFor={id}>
        {props.label}
      </label>
      <textarea
        ref={box}
        id={id}
        name="text"
        rows={2}
        required
        maxLength={2000}
        placeholder={props.label}
        defaultValue={props.text}
        onKeyDown={onKeyDown}
      />
      <FormError error={error} />
      <footer>
        {props.onCancel && (
          <button type="button" className="button" onClick={props.onCancel}>
            Cancel
          </button>
        )}
        <button type="submit" className="button button-main">
          {props.action}
        </button>
      </footer>
    </form>
  )
}
