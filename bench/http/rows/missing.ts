import { randomUUID } from 'node:crypto'
import { callers, type Row } from '../row.ts'

const path = '/nothing/here'

/** What is said of a path that nobody serves (RFC 9457), with an id as Tapri gives one. */
export function notFound(asked: string) {
  return {
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: `Cannot find "${asked}": nothing is served there`,
    code: 'TAPRI_HTTP_NO_ROUTE',
    instance: randomUUID(),
  }
}

export const problemType = 'application/problem+json'

export const missing: Row = {
  name: 'missing',
  meaning: 'a path that nobody serves: a problem document with an id',
  path,
  connections: callers,
  status: 404,
  type: problemType,
  answer: settled(JSON.stringify(notFound(path))),
  settled,
}

function settled(body: string): string {
  return body.replace(/"instance":"[0-9a-f-]{36}"/, '"instance":"…"')
}
