import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { test } from 'node:test'

const source = resolve(import.meta.dirname, '..')

// what is imported as a type is erased
const imported = /\b(?:import|export)\s+(?!type\b)[\w\s*{},$]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g

/** Every file that importing `file` loads, with what it imports. */
async function load(file: string, loaded = new Map<string, string[]>()): Promise<Map<string, string[]>> {
  if (loaded.has(file)) return loaded
  const names = [...(await readFile(file, 'utf8')).matchAll(imported)].map((match) => match[1] ?? match[2] ?? '')
  loaded.set(file, names)
  for (const name of names) if (name.startsWith('.')) await load(resolve(dirname(file), name), loaded)
  return loaded
}

test('the client runs anywhere: it loads nothing but itself and the kit, and nothing of Node', async () => {
  const loaded = await load(resolve(import.meta.dirname, 'index.ts'))
  await load(resolve(import.meta.dirname, 'upload.ts'), loaded)
  assert.ok(loaded.size > 15)
  for (const [file, names] of loaded) {
    const room = file.slice(source.length + 1).split(sep)[0]
    assert.ok(room === 'client' || room === 'kit', `${file} is of neither room`)
    for (const name of names) assert.ok(name.startsWith('.'), `${file} imports "${name}"`)
    assert.doesNotMatch(await readFile(file, 'utf8'), /\b(?:Buffer|process|require)\s*[.(]/, `${file} uses a global of Node`)
  }
})
