import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Row } from '../row.ts'

const name = 'kites.txt'
const content = Buffer.alloc(100_000, 'Kites over the river. ')

/** Where the file is, for the servers: their parent has made it and says so. */
export const folder = process.env.BENCH_HTTP_FOLDER ?? tmpdir()
export const filePath = join(folder, name)

/** Makes the folder with the file; what it answers removes both. */
export function makeFolder(): { readonly folder: string; remove(): void } {
  const made = mkdtempSync(join(tmpdir(), 'tapri-bench-http-'))
  writeFileSync(join(made, name), content)
  return { folder: made, remove: () => rmSync(made, { recursive: true }) }
}

export const file: Row = {
  name: 'file',
  meaning: 'a file of 100 kB out of a folder',
  path: `/files/${name}`,
  connections: 32,
  status: 200,
  type: 'text/plain',
  answer: content,
}
