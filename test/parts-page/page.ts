import { client, connection } from 'tapri/client'
import type app from '../notes.fixture.ts'
import { quickClock } from '../quick-clock.fixture.ts'

const api = client<typeof app>('/api', { clock: quickClock })
const line = connection(api)
const states: string[] = [line.state]
line.onChange(({ state }) => states.push(state))

/** What the test drives. */
const page = { api, states }
export type Page = typeof page
Object.assign(globalThis, { page })
