import { writeFile } from 'node:fs/promises'
import { apiDocument } from '../app/index.ts'
import { loadApp } from './entry.ts'
import { readWords } from './words.ts'

/** `tapri openapi`: the app's OpenAPI document, without starting the app; the same models and routes give the same text. */
export async function openapi(words: readonly string[]): Promise<void> {
  const { values } = readWords('openapi', words, { values: ['--output', '--url'], places: 0 })
  const publicUrl = values.get('--url')
  const document = apiDocument(await loadApp(), publicUrl === undefined ? {} : { publicUrl })
  const text = `${JSON.stringify(document, null, 2)}\n`
  const file = values.get('--output')
  if (file === undefined) process.stdout.write(text)
  else await writeFile(file, text)
}
