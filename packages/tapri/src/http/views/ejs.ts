import { readFile } from 'node:fs/promises'
import ejs from 'ejs'
import type { EngineOptions, ViewEngine } from './engine.ts'

/** EJS (https://ejs.co): `<%= value %>` escapes, `<%- include('part') %>` looks beside the file and in the root. */
export function openEngine({ root }: EngineOptions): ViewEngine {
  return {
    async compile(file) {
      const options = { filename: file, root, views: [root], cache: false }
      return ejs.compile(await readFile(file, 'utf8'), options)
    },
  }
}
