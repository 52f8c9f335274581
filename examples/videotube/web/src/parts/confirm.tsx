import type { ReactNode } from 'react'
import { useAction } from '../hooks/use-action.ts'
import { Dialog } from './dialog.tsx'
import { FormError } from './field.tsx'

/** Asks before something that cannot be taken back. */
export function Confirm(props: {
  title: string
  action: string
  children: ReactNode
  onConfirm: () => Promise<unknown>
  onClose: () => void
}) {
  const { run, busy, error } = useAction(props.onConfirm)
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.children}</p>
      <FormError error={error} />
      <footer>
        <button type="button" className="button" onClick={props.onClose}>
          Keep it
        </button>
        <button
          type="button"
          className="button button-danger"
          disabled={busy}
          onClick={async () => (await run()) && props.onClose()}
        >
          {props.action}
        </button>
      </footer>
    </Dialog>
  )
}
