import { createElement as h, StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { client } from 'tapri/client'
import { useLive } from 'tapri/react'
import type app from '../notes.fixture.ts'

const api = client<typeof app>('/api')

function Notes() {
  const [board, setBoard] = useState('plans')
  const { value: notes, isReady, error } = useLive(api.notes.list, { board })
  const refused = useLive(api.notes.fails)
  const write = () =>
    api.notes.create.optimistic({ text: 'kites', board }, (show) =>
      show(api.notes.list, { board }, (rows) => [...rows, 'kites…']),
    )
  return h(
    'main',
    null,
    h('output', null, isReady ? `${board}: ${notes?.join()}` : 'waiting'),
    h('p', null, String(error ?? refused.error ?? 'no error')),
    h('button', { type: 'button', onClick: () => setBoard('other') }, 'Other'),
    h('button', { type: 'button', onClick: write }, 'Write'),
  )
}

const place = document.getElementById('root')
if (place !== null) createRoot(place).render(h(StrictMode, null, h(Notes)))
