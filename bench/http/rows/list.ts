import { callers, type Row } from '../row.ts'

export const hundred = Array.from({ length: 100 }, (_, index) => ({
  id: `019a9f3e-8c1b-7a53-9d0e-${String(index).padStart(12, '0')}`,
  title: `Kites over the river, part ${index}`,
  views: index * 37,
  published: index % 3 !== 0,
}))

export const list: Row = {
  name: 'list',
  meaning: '100 objects with four fields each',
  path: '/list',
  connections: callers,
  status: 200,
  type: 'application/json',
  answer: JSON.stringify(hundred),
}
