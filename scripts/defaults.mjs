// `npm run defaults`: starts an app that sets nothing, asks it what went wrong elsewhere, and prints how it answered
// beside other frameworks, as Markdown. Ends with 1 when an answer is not as it should be.
import { main, prepare, runNode } from './bootstrap.mjs'

await main(async () => {
  await prepare()
  return runNode('scripts/defaults/run.ts')
})
