import { client, connection } from 'tapri/client'
import type app from '../notes.fixture.ts'

// the waits between two tries are short here; deadlines are what they are
const clock = {
  now: () => Date.now(),
  after(milliseconds: number, call: () => void) {
    const timer = setTimeout(call, milliseconds > 10_000 ? milliseconds : milliseconds / 20)
    return () => clearTimeout(timer)
  },
}

const api = client<typeof app>('/api', { clock })
const line = connection(api)
const states: string[] = [line.state]
line.onChange(({ state }) => states.push(state))

/** What the test drives. */
const page = { api, states }
export type Page = typeof page
Object.assign(globalThis, { page })
