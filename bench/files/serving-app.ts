import { join } from 'node:path'
import { startApp } from 'tapri'
import { silentLog } from 'tapri/observe'
import { folder, tell } from './serving.ts'

type Description = Parameters<typeof startApp>[0]

/** Starts an app on embedded defaults in the folder of this server. In a file of its own: the peers must not load Tapri. */
export async function serveApp(description: Description): Promise<void> {
  const { url } = await startApp(description, {
    port: 0,
    host: '127.0.0.1',
    file: null,
    log: silentLog,
    migrate: 'auto',
    environment: {
      NODE_ENV: 'test',
      DATABASE_URL: `sqlite:${join(folder, 'app.db')}`,
      FILES_URL: `disk:${join(folder, 'files')}`,
    },
  })
  tell(Number(new URL(url).port))
}
