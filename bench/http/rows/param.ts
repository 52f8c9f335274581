import { callers, type Row } from '../row.ts'

/** The page of a query, 1 where it names none; undefined when it is no page. For servers that leave this to their users. */
export function pageOf(text: string | null | undefined): number | undefined {
  const page = Number(text ?? 1)
  return Number.isInteger(page) && page >= 1 ? page : undefined
}

export const invalid = { error: 'invalid' } as const

export const param: Row = {
  name: 'param',
  meaning: 'a parameter of the path and a number of the query, which is checked',
  path: '/users/019a9f3e?page=3',
  connections: callers,
  status: 200,
  type: 'application/json',
  answer: JSON.stringify({ id: '019a9f3e', page: 3 }),
  refused: [{ path: '/users/019a9f3e?page=kites' }],
}
