// `npm start`: from a fresh clone to VideoTube in the browser.
import { join } from 'node:path'
import { main, prepare, root, runNode, say } from './bootstrap.mjs'
import { buildWeb, videotube } from './web.mjs'

await main(async () => {
  await prepare()
  await buildWeb()
  const tapri = join(root, 'packages', 'tapri', 'bin', 'tapri.js')
  const run = (command) => runNode(tapri, command, { NODE_ENV: 'production' }, { cwd: videotube })
  say('Bringing the database up to date …')
  return (await run(['migrate', 'apply'])) || (await run(['start']))
})
