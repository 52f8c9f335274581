/** Milliseconds that work may go on before others have their turn. */
const longestTurn = 5

/**
 * For long work: what it answers is awaited between steps, and lets requests, timers and sockets have their turn when the
 * last one was a while ago.
 * @example const pause = pausing(); for (const row of rows) { await write(row); await pause() }
 */
export function pausing(now: () => number = () => performance.now()): () => Promise<void> | undefined {
  let since = now()
  return () => {
    if (now() - since < longestTurn) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        since = now()
        resolve()
      }),
    )
  }
}
