import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId } from 'react'
import { isShownBy, issueOf, messageOf } from '../errors.ts'

interface Labelled {
  readonly label: string
  readonly name: string
  readonly hint?: string
  /** What the server answered to the form; its issue of this field is shown here. */
  readonly error?: unknown
}

export function TextField({ label, hint, error, ...input }: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  const field = useField(input.name, hint, error)
  return (
    <div className="field">
      <label htmlFor={field.id}>{label}</label>
      <input {...input} {...field.input} />
      {field.notes}
    </div>
  )
}

export function LongTextField({ label, hint, error, ...input }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const field = useField(input.name, hint, error)
  return (
    <div className="field">
      <label htmlFor={field.id}>{label}</label>
      <textarea rows={4} {...input} {...field.input} />
      {field.notes}
    </div>
  )
}

function useField(name: string, hint: string | undefined, error: unknown) {
  const id = useId()
  const issue = issueOf(error, name)
  const notes: ReactNode = (issue || hint) && (
    <p id={`${id}-note`} className={issue ? 'note note-bad' : 'note'}>
      {issue ?? hint}
    </p>
  )
  const described = notes ? { 'aria-describedby': `${id}-note` } : {}
  return { id, notes, input: { id, ...described, ...(issue && { 'aria-invalid': true }) } }
}

/** What is wrong with a form as a whole; `fields` show what is wrong with them by themselves. */
export function FormError({ error, fields = [] }: { error: unknown; fields?: readonly string[] }) {
  if (error === undefined) return null
  return (
    <p className="form-error" role="alert">
      {isShownBy(fields, error) ? 'Not yet: something above has to be put right' : messageOf(error)}
    </p>
  )
}
