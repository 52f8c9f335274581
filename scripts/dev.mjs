// `npm run dev`: VideoTube's server, started again on every save. Its web interface is built once at the start.
import { join } from 'node:path'
import { main, prepare, root, runNode } from './bootstrap.mjs'
import { buildWeb, videotube } from './web.mjs'

await main(async () => {
  await prepare()
  await buildWeb()
  return runNode(join(root, 'packages', 'tapri', 'bin', 'tapri.js'), ['dev'], {}, { cwd: videotube })
})
