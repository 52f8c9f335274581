import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AppDescription } from '../app/index.ts'
import { cliError } from './errors.ts'

const folders = ['src', '.', 'dist']
const endings = ['ts', 'js', 'mjs']

/** The file of that name in the app's folder: `src/app.ts`, `app.ts`, `dist/app.js` … */
export function findFile(name: 'app' | 'index'): string | undefined {
  for (const folder of folders) {
    for (const ending of endings) {
      const path = resolve(folder, `${name}.${ending}`)
      if (existsSync(path)) return path
    }
  }
  return undefined
}

/** The file that starts the app. */
export function findEntry(): string {
  const entry = findFile('index')
  if (entry !== undefined) return entry
  throw cliError('TAPRI_CLI_NO_APP', `Cannot find the app: there is no src/index.ts or index.ts in ${process.cwd()}`)
}

/** The app that `app.ts` exports, without starting it. */
export async function loadApp(): Promise<AppDescription> {
  const path = findFile('app')
  if (path === undefined) {
    throw cliError('TAPRI_CLI_NO_APP', `Cannot find the app: there is no src/app.ts or app.ts in ${process.cwd()}`)
  }
  const module: { readonly default?: unknown } = await import(pathToFileURL(path).href)
  if (isApp(module.default)) return module.default.description
  throw cliError('TAPRI_CLI_NO_APP', `Cannot use ${path}: its default export must be what app({ … }) gives`)
}

function isApp(value: unknown): value is { readonly description: AppDescription } {
  return typeof value === 'object' && value !== null && 'description' in value && 'start' in value
}
