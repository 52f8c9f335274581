import { callers, type Row } from '../row.ts'

const asked = 137

/** The paths of 200 routes, each with a parameter, after the colon of its name. */
export const collections = Array.from({ length: 200 }, (_, number) => ({ number, path: `/collection${number}` }))

export const routes: Row = {
  name: 'routes',
  meaning: `one of ${collections.length} routes that have a parameter`,
  path: `/collection${asked}/019a9f3e`,
  connections: callers,
  status: 200,
  type: 'application/json',
  answer: JSON.stringify({ collection: asked, id: '019a9f3e' }),
}
