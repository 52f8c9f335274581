// `npm run bench -- NAME`: measures in full and writes bench/results/NAME.md.
// `npm run -s bench -- NAME --quick`: one line of JSON on stdout, within a minute.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, prepare, root, runNode, Trouble } from './bootstrap.mjs'

const names = readdirSync(join(root, 'bench'))
  .filter((file) => /^[\w-]+\.ts$/.test(file))
  .map((file) => file.slice(0, -3))

await main(async () => {
  const words = process.argv.slice(2)
  const quick = words.includes('--quick')
  const [name, ...more] = words.filter((word) => word !== '--quick')
  if (name === undefined || more.length > 0 || !names.includes(name)) {
    throw new Trouble(`Cannot measure "${[name, ...more].join(' ')}": name one of ${names.join(', ')}, and --quick if you like`)
  }
  await prepare()
  // the fourth channel carries the result, so that whatever a benchmark and its peers print stays out of it
  const stdio = ['ignore', process.stderr, process.stderr, process.stdout]
  return runNode(join(root, 'scripts', 'bench', 'run.ts'), [name, ...(quick ? ['--quick'] : [])], {}, { stdio })
})
