// `npm run runtimes [bun | deno …]`: the tests of HTTP, files, live queries and VideoTube on Bun and Deno, each with the
// program that TEST_BUN or TEST_DENO names, that is on the PATH, or that `npm run runtimes -- prepare` has fetched.
// What is known to differ is in runtimes/known.ts.
import { main, prepare, runNode } from './bootstrap.mjs'

await main(async () => {
  await prepare()
  return runNode('scripts/runtimes/run.ts', process.argv.slice(2))
})
