import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react'
import { CloseIcon } from '../parts/icons.tsx'
import { Link } from '../router.tsx'

interface Toast {
  readonly text: string
  readonly href?: string
}
const ToastContext = createContext<(toast: Toast) => void>(() => {})

/** Short messages in the corner, read out by screen readers; they stay for seven seconds. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(Toast & { id: number })[]>([])
  const last = useRef(0)
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), [])
  const show = useCallback(
    (toast: Toast) => {
      const id = ++last.current
      setToasts((all) => [...all.slice(-3), { ...toast, id }])
      setTimeout(drop, 7000, id)
    },
    [drop],
  )
  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text, href }) => (
          <div className="toast" key={id}>
            {href ? (
              <Link href={href} onClick={() => drop(id)}>
                {text}
              </Link>
            ) : (
              <span>{text}</span>
            )}
            <button type="button" className="icon-button" aria-label="Close message" onClick={() => drop(id)}>
              <CloseIcon />
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  )
}

export const useToast = () => useContext(ToastContext)
