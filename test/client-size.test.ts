import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '..')

/** Bytes of what a page loads that imports this of the client, minified and compressed; what it may load later is left out. */
async function loaded(line: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-size-'))
  try {
    const input = join(folder, 'page.js')
    await writeFile(input, line)
    const built = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      resolve: { alias: { 'tapri/client': join(root, 'packages/tapri/src/client/index.ts') } },
      build: { write: false, minify: true, modulePreload: { polyfill: false }, rolldownOptions: { input } },
    })
    assert.ok(!Array.isArray(built) && 'output' in built)
    return gzipSync(built.output[0].code, { level: 9 }).byteLength
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('a page that calls and follows loads no more of the client than the budget in house.json', async () => {
  const { clientBytes }: { clientBytes: number } = JSON.parse(await readFile(join(root, 'house.json'), 'utf8'))
  const size = await loaded(`import { client } from 'tapri/client'; globalThis.api = client('/api')`)
  assert.ok(size > 1_000, `${size} bytes cannot be the client`)
  assert.ok(size <= clientBytes, `it loads ${size} bytes, ${clientBytes} are allowed: load what few pages need when they need it`)
})
