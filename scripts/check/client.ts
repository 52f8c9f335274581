import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { readHouse } from './house.ts'
import type { Finding, Rule } from './rule.ts'
import { home } from './tool.ts'

/** Bytes, minified and compressed with gzip. */
interface Weight {
  /** What a page loads that only imports the client. */
  readonly first: number
  /** That, and every part that is loaded when it is first needed. */
  readonly whole: number
}

/** What pages load of the client is no more than the budget. */
export const client: Rule = {
  name: 'client',
  claim: 'a page loads little of the client, and the rest when it needs it',
  async check(root) {
    const { clientBytes } = readHouse(root)
    const weight = await weigh(`import { client } from 'tapri/client'; globalThis.api = client('/api')`)
    const file = 'packages/tapri/src/client/index.ts'
    return (['first', 'whole'] as const).flatMap((part): Finding[] => {
      if (weight[part] <= clientBytes[part]) return []
      const cure = part === 'first' ? 'load what few pages need when they need it' : 'find what grew'
      const message = `the client weighs ${weight[part]} bytes (${part}), ${clientBytes[part]} are allowed: ${cure}`
      return [{ file, line: 1, message }]
    })
  },
}

/** Builds a page of one module as any app would. */
async function weigh(module: string): Promise<Weight> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-client-'))
  try {
    const input = join(folder, 'page.js')
    await writeFile(input, module)
    const built = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      resolve: { alias: { 'tapri/client': join(home, 'packages/tapri/src/client/index.ts') } },
      build: { write: false, minify: true, modulePreload: { polyfill: false }, rolldownOptions: { input } },
    })
    if (Array.isArray(built) || !('output' in built)) throw new Error('Cannot weigh the client: vite has built nothing')
    const chunks = built.output.filter((part) => part.type === 'chunk')
    const sizes = new Map(chunks.map(({ fileName, code }) => [fileName, gzipSync(code, { level: 9 }).byteLength]))
    const first = new Set(chunks.flatMap(({ isEntry, fileName }) => (isEntry ? [fileName] : [])))
    // a set that grows is walked to its end
    for (const name of first)
      for (const needed of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) first.add(needed)
    const sum = (names: Iterable<string>) => [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0)
    return { first: sum(first), whole: sum(sizes.keys()) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
