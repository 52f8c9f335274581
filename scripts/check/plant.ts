import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { House } from './house.ts'
import { readHouse } from './house.ts'
import type { Rule } from './rule.ts'
import { home } from './tool.ts'

/** For tests of rules: a small tree in a temporary folder, with this house's own rules unless told. */
export interface Tree extends Disposable {
  readonly root: string
  /** What a rule finds, as `file:line message`; warnings say so in front. */
  find(rule: Rule): Promise<string[]>
}

/** Writes the files into a new tree.
 * @example using tree = plant({ 'packages/tapri/src/kit/a.ts': 'export * from "../data/index.ts"' }) */
export function plant(files: Readonly<Record<string, string>>, house: Partial<House> = {}): Tree {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tapri-rule-')))
  const whole = {
    'house.json': JSON.stringify({ ...readHouse(home), projects: ['tsconfig.json'], ...house }),
    'biome.json': readFileSync(join(home, 'biome.json'), 'utf8'),
    '.gitignore': 'node_modules/\n',
    'tsconfig.json': JSON.stringify({ compilerOptions: strict, include: ['packages'] }),
    ...files,
  }
  for (const [file, text] of Object.entries(whole)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return {
    root,
    async find(rule) {
      const findings = await rule.check(root)
      return findings.map(({ file, line, message, isWarning }) => `${isWarning ? 'warning ' : ''}${file}:${line} ${message}`)
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
}

const strict = {
  target: 'esnext',
  module: 'nodenext',
  types: [],
  strict: true,
  noEmit: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
}
