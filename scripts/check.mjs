// `npm run check [-- RULE …]`: the rules of the house; exits with 1 when one is broken.
import { join } from 'node:path'
import { main, prepare, root, runNode } from './bootstrap.mjs'

await main(async () => {
  await prepare()
  return runNode(join(root, 'scripts', 'check', 'run.ts'), process.argv.slice(2))
})
