import { existsSync } from 'node:fs'
import { basename, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TapriError } from '../kit/errors.ts'

/**
 * What went wrong, for a person at a terminal: our own errors say all there is to say in one sentence, others come
 * with their place in the app. Paths are those from the working directory.
 * @example console.error(tellError(error))
 */
export function tellError(error: unknown): string {
  if (error instanceof TapriError) return `${error.message}\n(${error.code})`
  if (!(error instanceof Error)) return `Cannot go on: ${String(error)} was thrown`
  const missing = missingModule(error)
  if (missing !== undefined) return missing
  const cause = error.cause === undefined ? '' : `\nCaused by: ${tellError(error.cause)}`
  return fromHere(withoutNode(error.stack ?? error.message)) + cause
}

/** What cannot be imported, in one sentence; undefined when that is not the trouble. */
function missingModule(error: Error): string | undefined {
  if (!('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return undefined
  const [, kind, wanted = '', from = ''] = /^Cannot find (module|package) '(.+?)' imported from (.+)/.exec(error.message) ?? []
  if (kind === 'package') return fromHere(`Cannot find the package "${wanted}", imported from ${from}: npm install ${wanted}`)
  if (kind !== 'module') return undefined
  const ending = ['.ts', '.js', '/index.ts', '/index.js'].find((ending) => existsSync(wanted + ending))
  const advice = ending === undefined ? '' : `: write its ending too, ${basename(wanted)}${ending}`
  return fromHere(`Cannot find "${wanted}", imported from ${from}${advice}`)
}

/** A stack without the frames inside Node and this command, which say nothing about the app. */
function withoutNode(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at .*(?:\bnode:|\/tapri\/(?:src|lib)\/cli\/|\/bin\/tapri\.js)/.test(line))
    .join('\n')
}

function fromHere(text: string): string {
  const here = process.cwd() + sep
  return text.replaceAll(pathToFileURL(here).href, '').replaceAll(here, '')
}
