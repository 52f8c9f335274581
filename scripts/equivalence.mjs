// `npm run equivalence [-- --comparisons 1000000] [--seconds 600] [--seed 1] [name …]`: asks every database and the
// evaluator the same, of generated models, rows, queries and transactions, and counts how often they agree.
import { main, prepare, runNode } from './bootstrap.mjs'

await main(async () => {
  await prepare()
  return runNode('scripts/services/run.ts', ['around', 'scripts/equivalence/run.ts', ...process.argv.slice(2)])
})
