import { tapri } from 'tapri'
import { model, text } from 'tapri/data'
import { startApp } from '../../../packages/tapri/src/app/index.ts'
import { silentLog } from '../../../packages/tapri/src/observe/index.ts'
import { serve } from './server.ts'

const news = model({ text: text() })
const { app: make, controller, policy, visitor } = tapri({ models: { news } })
const { description } = make({
  controllers: { news: controller('/news', { latest: visitor.get('/', ({ db }) => db.news.first()) }) },
  policies: [policy('news', { read: () => true })],
  http: { limits: { sockets: 100_000 } },
})
const environment = { NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:' }
const started = await startApp(description, {
  port: 0,
  host: '127.0.0.1',
  file: null,
  log: silentLog,
  migrate: 'auto',
  environment,
})
const db: any = started.database.asSystem
const { id } = await db.news.create({ text: '' })

serve({
  port: Number(new URL(started.url).port),
  manner: {
    path: '/api/live',
    protocol: 'tapri.v1',
    opening: ['{"type":"hello"}', '{"type":"subscribe","id":1,"route":"news.latest"}'],
    ready: '"type":"snapshot"',
    delivery: '"type":"patch"',
  },
  broadcast: async (text) => {
    await db.news.update(id, { text })
    await started.live.settled()
  },
})
