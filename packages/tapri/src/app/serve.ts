import { startApp } from './start.ts'
import type { AppDescription, RunningApp, StartOptions } from './types.ts'

/** Starts the app for a process of its own: SIGTERM and SIGINT drain it, then the process ends by itself. */
export async function serveUntilSignal(description: AppDescription, options: StartOptions): Promise<RunningApp> {
  const started = await startApp(description, options)
  let stopping: Promise<void> | undefined
  const stop = () => {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    stopping ??= started.stop()
    return stopping
  }
  const onSignal = (signal: NodeJS.Signals) => {
    started.log.info(`Stopping on ${signal}: requests in flight are finished first`)
    stop().then(
      () => process.exit(0),
      (cause) => {
        started.log.error('Cannot stop cleanly', { error: cause })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return { url: started.url, stop }
}
