import { callers, type Row } from '../row.ts'

export const small = { hello: 'world', count: 42, ok: true }

export const json: Row = {
  name: 'json',
  meaning: 'an object with three fields',
  path: '/json',
  connections: callers,
  status: 200,
  type: 'application/json',
  answer: JSON.stringify(small),
}
