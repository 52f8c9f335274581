import pug from 'pug'
import type { EngineOptions, ViewEngine } from './engine.ts'

/** Pug (https://pugjs.org): `= value` escapes; `extends` and `include` with a first slash begin in the root. */
export function openEngine({ root }: EngineOptions): ViewEngine {
  return {
    compile: async (file) => pug.compileFile(file, { basedir: root, cache: false }),
  }
}
