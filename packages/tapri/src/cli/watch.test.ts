import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchFile, watchSources } from './watch.ts'

/** A folder that is watched, and the paths in it that were told of. */
async function watched() {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-watch-'))
  await mkdir(join(folder, 'models'))
  await writeFile(join(folder, 'models', 'note.ts'), '1')
  let told: string[] = []
  let wake = () => {}
  const tell = (file: string) => {
    told.push(file)
    wake()
  }
  const until = async (path: string) => {
    while (!told.includes(join(folder, path))) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const stop = watchSources(folder, tell)
  return {
    folder,
    until,
    write: (path: string) => writeFile(join(folder, path), 'x'),
    /** Saves as many editors do: a new file takes the place of the old one. */
    async replace(path: string) {
      await writeFile(join(folder, `${path}~`), 'x')
      await rename(join(folder, `${path}~`), join(folder, path))
    },
    /** Forgets what was told, once all of it is: the events of one folder come in their order. */
    async forget(beside: string) {
      await writeFile(join(folder, beside), 'x')
      await until(beside)
      const before = told
      told = []
      return before
    },
    async [Symbol.asyncDispose]() {
      stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('a file that is replaced is told of, every time', async () => {
  await using sources = await watched()
  for (const beside of ['a.ts', 'b.ts', 'c.ts']) {
    await sources.replace('models/note.ts')
    await sources.until('models/note.ts')
    await sources.forget(`models/${beside}`)
  }
})

test('files in new folders are told of, also after the folder was another one', async () => {
  await using sources = await watched()
  for (const name of ['first.ts', 'second.ts']) {
    await rm(join(sources.folder, 'jobs'), { recursive: true, force: true })
    await mkdir(join(sources.folder, 'jobs', 'night'), { recursive: true })
    await sources.write(`jobs/night/${name}`)
    await sources.until(`jobs/night/${name}`)
  }
})

test('a removed file is told of; what is installed, built or no source is not', async () => {
  await using sources = await watched()
  await mkdir(join(sources.folder, 'node_modules'))
  await sources.write('node_modules/index.js')
  await sources.write('models/notes.md')
  await rm(join(sources.folder, 'models/note.ts'))
  await sources.until('models/note.ts')
  const told = await sources.forget('models/a.ts')
  assert.deepEqual(new Set(told), new Set([join(sources.folder, 'models/note.ts'), join(sources.folder, 'models/a.ts')]))
})

test('a file that is not there yet is told of when it comes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-watch-'))
  let stop = () => {}
  const heard = new Promise<void>((resolve) => {
    stop = watchFile(folder, '.env', resolve)
  })
  await writeFile(join(folder, 'other'), '')
  await writeFile(join(folder, '.env'), 'PORT=3000')
  await heard
  stop()
  await rm(folder, { recursive: true })
})
