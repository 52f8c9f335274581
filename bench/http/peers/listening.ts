/** What a server of this benchmark answers when its parent asks. */
export interface Usage {
  /** Microseconds of processor time since the process began. */
  readonly cpu: number
  /** Bytes that are resident once all garbage has been collected; 0 unless `rest` was asked for. */
  readonly resident: number
}

/** Tells the parent that the server listens, and from then on what it has used of the machine. */
export function listening(port: number): void {
  process.on('message', (message) => process.send?.(usage(Reflect.get(Object(message), 'rest') === true)))
  process.on('disconnect', () => process.exit())
  process.send?.({ port })
}

function usage(rest: boolean): Usage {
  if (rest) collectGarbage()
  const { user, system } = process.cpuUsage()
  return { cpu: user + system, resident: rest ? process.memoryUsage().rss : 0 }
}

/** Node and Deno are started with `--expose-gc`; Bun has a function of its own. */
function collectGarbage(): void {
  const collect: unknown = Reflect.get(globalThis, 'gc') ?? Reflect.get(Object(Reflect.get(globalThis, 'Bun')), 'gc')
  if (typeof collect !== 'function') throw new Error('Cannot collect garbage: the process was started without --expose-gc')
  // the second time finds what finalizers of the first have let go
  collect(true)
  collect(true)
}
