import { relative } from 'node:path'
import { Eta } from 'eta'
import type { EngineOptions, ViewEngine } from './engine.ts'

/** Eta (https://eta.js.org): `<%= it.value %>` escapes; `include('./part')` and `layout('./page')` are its own. */
export function openEngine({ root, cache }: EngineOptions): ViewEngine {
  const eta = new Eta({ views: root, cache, autoEscape: true })
  return {
    compile: async (file) => (data) => eta.renderAsync(`./${relative(root, file).replaceAll('\\', '/')}`, data),
  }
}
