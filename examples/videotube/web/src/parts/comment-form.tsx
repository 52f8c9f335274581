import { type FormEvent, type KeyboardEvent, useId, useRef } from 'react'
import { useAction } from '../hooks/use-action.ts'
import { FormError } from './field.tsx'

/** A box to write in; Ctrl and Enter send it too. */
export function CommentForm(props: {
  label: string
  action: string
  text?: string
  onSend: (text: string) => Promise<unknown>
  onCancel?: () => void
}) {
  const id = useId()
  const form = useRef<HTMLFormElement>(null)
  const { run, busy, error } = useAction(props.onSend)
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('text')).trim()
    if (text !== '' && (await run(text))) form.current?.reset()
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
        <button type="submit" className="button button-main" disabled={busy}>
          {props.action}
        </button>
      </footer>
    </form>
  )
}
