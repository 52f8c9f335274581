import { useEffect, useRef, useState } from 'react'

/** A panel below a button: Escape and a click elsewhere close it, and Escape gives the focus back. */
export function useMenu<Element extends HTMLElement>() {
  const [open, setOpen] = useState(false)
  const around = useRef<Element>(null)
  useEffect(() => {
    if (!open) return
    const onPress = (event: PointerEvent) => {
      if (event.target instanceof Node && !around.current?.contains(event.target)) setOpen(false)
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      around.current?.querySelector('button')?.focus()
    }
    addEventListener('pointerdown', onPress)
    addEventListener('keydown', onKey)
    return () => {
      removeEventListener('pointerdown', onPress)
      removeEventListener('keydown', onKey)
    }
  }, [open])
  return { open, setOpen, around }
}
