import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import handlebars from 'handlebars'
import type { EngineOptions, ViewEngine } from './engine.ts'

/** Handlebars (https://handlebarsjs.com): `{{value}}` escapes; the files in the folder `partials` are `{{> name}}`. */
export function openEngine({ root, cache }: EngineOptions): ViewEngine {
  const own = handlebars.create()
  let known: Promise<void> | undefined

  return {
    async compile(file) {
      if (!cache) known = undefined
      known ??= readPartials()
      await known
      return own.compile(await readFile(file, 'utf8'), { strict: false, noEscape: false })
    },
  }

  async function readPartials(): Promise<void> {
    const folder = join(root, 'partials')
    const names = await readdir(folder, { recursive: true }).catch(() => [])
    for (const name of names) {
      const extension = extname(name)
      if (extension !== '.hbs' && extension !== '.handlebars') continue
      own.registerPartial(name.slice(0, -extension.length).replaceAll('\\', '/'), await readFile(join(folder, name), 'utf8'))
    }
  }
}
