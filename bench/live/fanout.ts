import { median } from '../data/race.ts'
import { Worker } from '../http/process.ts'
import type { Part } from './part.ts'

const servers = [
  { name: 'tapri', shown: 'Tapri, one query of all' },
  { name: 'ws', shown: 'ws, `send` to each' },
  { name: 'socket-io', shown: 'Socket.IO, `emit`' },
] as const
type Name = (typeof servers)[number]['name']

/** Characters of what is sent. */
const size = 200

interface Found {
  readonly perSecond: number
  readonly microseconds: number
  readonly milliseconds: number
  readonly bytes: number
}

export const fanout: Part = {
  title: 'One change to many sockets',
  async measure({ quick }) {
    const sizes = quick ? [1_000] : [1_000, 10_000]
    const rows: string[] = []
    const figures: Record<string, number> = {}
    for (const sockets of sizes) {
      const found = new Map<Name, Found>()
      for (const { name } of servers) found.set(name, await measureAt(name, sockets, quick ? 10 : 30))
      for (const { name, shown } of servers) {
        const of = found.get(name)
        if (of === undefined) continue
        const cells = [Math.round(of.perSecond).toLocaleString('en'), of.microseconds.toFixed(1), of.milliseconds.toFixed(0)]
        rows.push(`| ${sockets.toLocaleString('en')} | ${shown} | ${cells.join(' | ')} | ${(of.bytes / 1024).toFixed(1)} |`)
      }
      const [own, io, ws] = (['tapri', 'socket-io', 'ws'] as const).map((name) => found.get(name)?.perSecond ?? Number.NaN)
      figures.fanout_sockets = sockets
      figures.fanout_per_core = Math.round(own ?? Number.NaN)
      figures.fanout_vs_socketio = Number(((own ?? 0) / (io ?? 1)).toFixed(2))
      figures.fanout_vs_ws = Number(((own ?? 0) / (ws ?? 1)).toFixed(2))
      figures.socket_kb = Number(((found.get('tapri')?.bytes ?? 0) / 1024).toFixed(1))
    }
    const head = '| sockets | who | deliveries/s of processor time | µs each | all have it after, ms | kB resident each |'
    const report = [
      `A change of ${size} characters, sent to everybody. Server and clients are processes on cores of their own. Resident is
what the server's memory has grown by for each idle socket, once V8 has given back what is free; left alone, it keeps about as much to spare.`,
      `${head}\n|---:|---|---:|---:|---:|---:|\n${rows.join('\n')}`,
    ]
    return { figures, missing: [], report: report.join('\n\n') }
  },
}

async function measureAt(name: Name, sockets: number, rounds: number): Promise<Found> {
  const server = new Worker(`../live/fanout/${name}.ts`, { cores: '0', command: [process.execPath, '--expose-gc'] })
  const crowd = new Worker('../live/fanout/crowd.ts', { cores: '1', command: [process.execPath] })
  try {
    const [{ port, manner }]: any[] = await Promise.all([server.first, crowd.first])
    await crowd.ask({ do: 'open', port, manner, count: 50 })
    const empty: any = await server.ask({ do: 'collect' })
    await crowd.ask({ do: 'open', port, manner, count: sockets - 50 })
    const full: any = await server.ask({ do: 'collect' })
    const rates: number[] = []
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const { cpu: before }: any = await server.ask({ do: 'tell' })
      const begun = performance.now()
      await server.ask({ do: 'broadcast', text: String(round).padEnd(size, 'x') })
      await crowd.ask({ do: 'await', count: sockets * (round + 1) })
      times.push(performance.now() - begun)
      const { cpu: after }: any = await server.ask({ do: 'tell' })
      rates.push(sockets / (after - before))
    }
    const perSecond = median(rates)
    return {
      perSecond,
      microseconds: 1e6 / perSecond,
      milliseconds: median(times),
      bytes: (full.rss - empty.rss) / (sockets - 50),
    }
  } finally {
    await Promise.all([server.stop(), crowd.stop()])
  }
}
