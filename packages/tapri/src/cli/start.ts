import { pathToFileURL } from 'node:url'
import { findEntry } from './entry.ts'

/** `tapri start`: runs the app's entry in this process, in production unless NODE_ENV says otherwise. */
export async function start(): Promise<void> {
  process.env.NODE_ENV ??= 'production'
  await import(pathToFileURL(findEntry()).href)
}
