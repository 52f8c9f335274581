import { callers, type Row } from '../row.ts'

/** So many asynchronous ones run before the handler; each adds one to a number that belongs to the request. */
export const depth = 10

export const middleware: Row = {
  name: 'middleware',
  meaning: `${depth} asynchronous middlewares, each of which passes something on`,
  path: '/middleware',
  connections: callers,
  status: 200,
  type: 'application/json',
  answer: JSON.stringify({ passed: depth }),
}
