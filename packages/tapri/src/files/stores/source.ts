import { addAbortSignal, type Readable } from 'node:stream'

/** Gets a source ready to be read in a while: a signal ends it, and its errors wait for whoever reads it then. */
export function prepareSource(source: Readable, signal: AbortSignal | undefined): void {
  // an error that nobody listens to ends the process
  source.on('error', () => {})
  if (signal !== undefined) addAbortSignal(signal, source)
}
