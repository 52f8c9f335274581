// A whole app as users have it: in production, asking of every request who calls, with a log and every default that guards it.
import { tapri } from 'tapri'
import { email, model, text } from 'tapri/data'
import { startApp } from '../../../packages/tapri/src/app/start.ts'
import { folder } from '../rows/file.ts'
import { listening } from './listening.ts'
import { controllers, passedBy } from './tapri-routes.ts'

const { app, middleware, policy, visitor } = tapri({
  models: { users: model({ name: text(), email: email({ unique: true }) }) },
})
const step = middleware<{ readonly passed: number }>(async (context, next) => {
  await next(passedBy(context))
})

const { description } = app({
  controllers: controllers({ visitor, step, spec: {} }),
  policies: [policy('users', {})],
  prefix: '',
  folders: { '/files': { from: folder } },
  http: { hosts: ['127.0.0.1'] },
})
const { url } = await startApp(description, {
  port: 0,
  host: '127.0.0.1',
  environment: { NODE_ENV: 'production', DATABASE_URL: 'sqlite::memory:', FILES_URL: `disk:${folder}/uploads` },
  file: null,
  migrate: 'auto',
})
listening(Number(new URL(url).port))
