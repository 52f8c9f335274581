import { callers, type Row } from '../row.ts'

export const greeting = 'Hello, world!'

export const plaintext: Row = {
  name: 'plaintext',
  meaning: '13 bytes of text',
  path: '/plaintext',
  connections: callers,
  status: 200,
  type: 'text/plain',
  answer: greeting,
}
