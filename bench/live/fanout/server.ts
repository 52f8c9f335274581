import type { Manner } from './crowd.ts'

/** Something that sends one text to everybody who listens. */
export interface Broadcaster {
  readonly port: number
  readonly manner: Manner
  /** Resolves once the text is handed over for all of them. */
  broadcast(text: string): Promise<void>
}

/** Serves what the measuring process asks for. */
export function serve({ port, manner, broadcast }: Broadcaster): void {
  process.on('message', async (message: any) => {
    if (message.do === 'broadcast') {
      await broadcast(message.text)
      process.send?.({ isSent: true })
      return
    }
    if (message.do === 'collect') globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: (user + system) / 1e6, rss: process.memoryUsage().rss })
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ port, manner })
}
