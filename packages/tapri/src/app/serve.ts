import { startApp } from './start.ts'
import type { AppDescription, RunningApp, StartOptions } from './types.ts'

/** Starts the app for a process of its own: SIGTERM and SIGINT drain it, then the process ends by itself. */
export async function serveUntilSignal(description: AppDescription, options: StartOptions): Promise<RunningApp> {
  const starting = startApp(description, options)
  let stopping: Promise<void> | undefined
  const stop = () => {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    stopping ??= starting.then((started) => started.stop())
    return stopping
  }
  const onSignal = (signal: NodeJS.Signals) => {
    const stopped = stop()
    starting.then(
      async ({ log }) => {
        log.info(`Stopping on ${signal}: requests in flight are finished first`)
        process.exit(
          await stopped.then(
            () => 0,
            (error: unknown) => {
              log.error('Cannot stop cleanly', { error })
              return 1
            },
          ),
        )
      },
      // told below, to the one who called
      () => stopped.catch(() => {}),
    )
  }
  // before it listens: whoever reads that it does may send a signal at once
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  try {
    const { url, channel } = await starting
    return { url, channel, stop }
  } catch (cause) {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    throw cause
  }
}
