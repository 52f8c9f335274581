// `npm run services [name …]`: database servers to test with, until Ctrl-C. `npm run services -- prepare` fetches them.
import { main, prepare, runNode } from './bootstrap.mjs'

await main(async () => {
  await prepare()
  return runNode('scripts/services/run.ts', process.argv.slice(2))
})
