import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Service, type ServiceName, services } from './service.ts'

/** What came of looking for services: those to be had, and why the others are not. */
export interface Kept {
  readonly found: readonly Service[]
  readonly missing: readonly { readonly name: ServiceName; readonly reason: string }[]
  /** Stops what was started; without a call it is stopped when this process ends. */
  close(): Promise<void>
}

interface Line {
  readonly name: ServiceName
  readonly url?: string
  readonly version?: string
  readonly reason?: string
}

/** Answers the services of these names: from the environment where it names them, started where they are installed. */
export async function keepServices(names: readonly ServiceName[]): Promise<Kept> {
  const given = names.flatMap((name) => givenService(name) ?? [])
  const wanted = names.filter((name) => givenService(name) === undefined)
  if (wanted.length === 0) return { found: given, missing: [], close: async () => {} }

  const keeper = spawn(process.execPath, [fileURLToPath(new URL('keeper.ts', import.meta.url)), ...wanted], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C must not reach the servers before their users are done
    detached: true,
  })
  keeper.stdin.on('error', () => {})
  const lines: Line[] = []
  for await (const text of createInterface(keeper.stdout)) {
    lines.push(JSON.parse(text))
    if (lines.length === wanted.length) break
  }
  keeper.unref()
  for (const stream of [keeper.stdin, keeper.stdout]) if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
  return {
    found: [
      ...given,
      ...lines.flatMap(({ name, url, version }) => (url === undefined ? [] : [{ name, url, version: version ?? '' }])),
    ],
    missing: wanted
      .map((name) => ({ name, line: lines.find((line) => line.name === name) }))
      .filter(({ line }) => line?.url === undefined)
      .map(({ name, line }) => ({ name, reason: line?.reason ?? 'the process that starts it ended' })),
    async close() {
      if (keeper.exitCode !== null || keeper.signalCode !== null) return
      keeper.ref()
      keeper.stdin.end()
      await once(keeper, 'exit')
    },
  }
}

function givenService(name: ServiceName): Service | undefined {
  const url = process.env[services[name].variable]
  return url === undefined || url === '' ? undefined : { name, url }
}
