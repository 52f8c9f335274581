import type { Worker } from '../http/process.ts'
import { absent, ask, type Contender, measure, type Sample, type Server, withServers } from './contest.ts'
import type { FilesPart } from './part.ts'
import { cost, inRounds, known, peakOf, rate, ratio, type Samples, table } from './rounds.ts'

const contenders: readonly Contender[] = [
  { name: 'tapri', title: 'Tapri' },
  { name: 'nginx', title: 'nginx, `sendfile`' },
  { name: 'stream', title: 'node:http, `createReadStream`' },
  { name: 'express-static', title: 'Express, `express.static`' },
  { name: 'fastify-static', title: 'Fastify, @fastify/static' },
]
/** Those that figures name, and in full those that a crowd asks. */
const named = contenders.filter(({ name }) => ['tapri', 'nginx', 'stream'].includes(name))
const few = contenders.filter(({ name }) => ['tapri', 'nginx', 'stream', 'fastify-static'].includes(name))

const kibi = 1024
const readers = 1000
/** Bytes a second of each paced reader, which asks for so many once a second. */
const paced = 512 * kibi

export const downloads: FilesPart = {
  title: 'Downloads',
  async measure({ quick, load, home, shared, size }) {
    const rounds = quick ? { rounds: 3, budget: 4_000 } : { rounds: 5, budget: 120_000 }
    return withServers(quick ? named : contenders, { home, shared }, async (servers) => {
      for (const server of servers) if (server.name === 'tapri') await giveFile(server, load, size)
      const one = { size, length: 64 * kibi, connections: 16 }
      const milliseconds = quick ? 1000 : 3000
      const whole = await inRounds(servers, rounds, (server) => measure(server, load, { do: 'whole', ...at(server), times: 1 }))
      const ranges = await inRounds(servers, rounds, (server) =>
        measure(server, load, { do: 'ranges', ...at(server), ...one, milliseconds }),
      )
      const crowd = servers.filter(({ name }) => few.some((each) => each.name === name))
      const many = { size, length: kibi * kibi, connections: readers }
      const concurrent = await inRounds(crowd, { ...rounds, rounds: quick ? 1 : 3 }, (server) =>
        measure(server, load, { do: 'ranges', ...at(server), ...many, milliseconds: quick ? 1000 : 5000 }),
      )
      const slow = { size, length: paced, connections: readers, turns: quick ? 2 : 10 }
      const unhurried = quick ? crowd.filter(({ name }) => name === 'tapri') : crowd
      const pacedReaders = await inRounds(unhurried, { ...rounds, rounds: 1 }, (server) =>
        measure(server, load, { do: 'paced', ...at(server), ...slow }),
      )
      return {
        figures: known({
          download_vs_nginx: ratio(whole, 'tapri', 'nginx', 'seconds'),
          download_vs_nginx_cpu: ratio(whole, 'tapri', 'nginx', 'cpu'),
          download_vs_stream: ratio(whole, 'tapri', 'stream', 'cpu'),
          ranges_vs_nginx: ratio(ranges, 'tapri', 'nginx', 'seconds'),
          ranges_vs_stream: ratio(ranges, 'tapri', 'stream', 'cpu'),
          range_readers_rss_mb: peakOf(concurrent.get('tapri')),
          paced_readers_served: served(pacedReaders.get('tapri')),
          paced_readers_rss_mb: peakOf(pacedReaders.get('tapri')),
        }),
        missing: absent((quick ? named : contenders).map(({ name }) => name)),
        report: [
          `The whole file of ${size / kibi ** 2} MiB, by one reader:`,
          rowsOf(contenders, whole),
          `Ranges of ${one.length / kibi} KiB from random places, by ${one.connections} readers:`,
          rowsOf(contenders, ranges),
          `Ranges of ${many.length / kibi} KiB, by ${readers.toLocaleString('en')} readers at once:`,
          rowsOf(few, concurrent),
          `${readers.toLocaleString('en')} readers that each ask for ${paced / kibi} KiB once a second, for ${slow.turns} seconds; those are served who had each
range before they asked for the next:`,
          pacedOf(few, pacedReaders),
        ].join('\n\n'),
      }
    })
  },
}

function at({ port, path }: Server) {
  return { port, path }
}

/** Nobody else has to be given it: they serve a folder that has it. */
async function giveFile(server: Server, load: Worker, size: number): Promise<void> {
  const { words } = await ask(load, { do: 'form', port: server.port, path: '/api/films', field: 'source', size })
  const row: any = JSON.parse(words)
  server.path = row.source.url
}

function rowsOf(who: readonly Contender[], samples: Samples): string {
  const rows = who.flatMap(({ name, title }) => {
    const found = samples.get(name)
    return found === undefined ? [] : [[title, rate(found), cost(found), peakOf(found)]]
  })
  return table(['who', 'MiB/s', 'processor seconds for each GiB', 'peak RSS, MiB'], rows)
}

function pacedOf(who: readonly Contender[], samples: Samples): string {
  const rows = who.flatMap(({ name, title }) => {
    const found = samples.get(name)
    const [sample] = found ?? []
    if (sample === undefined) return []
    return [[title, served(found) ?? '', `${Math.round((100 * sample.cpu) / sample.seconds)} %`, peakOf(found)]]
  })
  return table(['who', 'readers served', 'of one core', 'peak RSS, MiB'], rows)
}

function served(samples: readonly Sample[] = []): number | undefined {
  const [sample] = samples
  return sample === undefined ? undefined : readers - sample.done.late
}
