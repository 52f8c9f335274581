import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from '../http/process.ts'
import { type Contender, measure, type Sample, type Server, withServers } from './contest.ts'
import type { FilesPart } from './part.ts'
import { cost, inRounds, known, peakOf, rate, ratio, type Samples, table } from './rounds.ts'

const contenders: readonly Contender[] = [
  { name: 'tapri', title: 'Tapri' },
  { name: 'busboy', title: '@fastify/busboy piped to the disk' },
  { name: 'busboy-hashed', title: 'the same, with SHA-256 and `fsync`' },
  { name: 'multer', title: 'Multer' },
]
const resumable: readonly Contender[] = [
  { name: 'tapri', title: 'Tapri' },
  { name: 'tus', title: '@tus/server' },
]

export const uploads: FilesPart = {
  title: 'Uploads',
  async measure({ quick, load, home, shared, size }) {
    const rounds = quick ? { rounds: 3, budget: 6_000 } : { rounds: 5, budget: 180_000 }
    const forms = await withServers(contenders, { home, shared }, (servers) =>
      inRounds(servers, rounds, (server) => sendForm(server, load, size)),
    )
    const tus = await withServers(resumable, { home, shared }, (servers) =>
      inRounds(servers, rounds, (server) => sendByTus(server, load, size)),
    )
    return {
      figures: known({
        upload_vs_busboy: ratio(forms, 'tapri', 'busboy-hashed', 'cpu'),
        upload_vs_busboy_unhashed: ratio(forms, 'tapri', 'busboy', 'cpu'),
        upload_vs_multer: ratio(forms, 'tapri', 'multer', 'cpu'),
        upload_rss_mb: peakOf(forms.get('tapri')),
        tus_vs_tus_server: ratio(tus, 'tapri', 'tus', 'cpu'),
        tus_rss_mb: peakOf(tus.get('tapri')),
      }),
      missing: [],
      report: `One file of ${size / 1024 ** 2} MiB. Ratios are of the server's processor time: how often Tapri takes a file while the other does it once.
Tapri hashes what comes, looks at its type, writes two rows, and answers when the bytes have been flushed to the disk, which only it and the second
busboy wait for: MiB/s by the clock are those of the disk then.

As a form:

${rowsOf(contenders, forms)}

By tus 1.0, in one PATCH (@tus/server neither hashes nor flushes):

${rowsOf(resumable, tus)}`,
    }
  },
}

function rowsOf(who: readonly Contender[], samples: Samples): string {
  const rows = who.map(({ name, title }) => {
    const found = samples.get(name)
    return [title, cost(found), rate(found), peakOf(found)]
  })
  return table(['who', 'processor seconds for each GiB', 'MiB/s', 'peak RSS, MiB'], rows)
}

async function sendForm(server: Server, load: Worker, size: number): Promise<Sample> {
  const isOurs = server.name === 'tapri'
  const path = isOurs ? '/api/films' : '/'
  const sample = await measure(server, load, { do: 'form', port: server.port, path, field: 'source', size })
  if (isOurs) await removeRow(server, sample, size)
  else removeFiles(server, size)
  return sample
}

async function sendByTus(server: Server, load: Worker, size: number): Promise<Sample> {
  const isOurs = server.name === 'tapri'
  const path = isOurs ? '/api/uploads' : '/uploads'
  const words = { filename: 'film.bin', ...(isOurs && { route: 'films.create', field: 'source' }) }
  const metadata = Object.entries(words).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
  const sample = await measure(server, load, { do: 'tus', port: server.port, path, metadata: metadata.join(','), size })
  if (!isOurs) removeFiles(server, size)
  else {
    const url = `http://127.0.0.1:${server.port}${sample.done.words}`
    const headers = { 'Tus-Resumable': '1.0.0' }
    const head = await fetch(url, { method: 'HEAD', headers })
    requireSize(server, Number(head.headers.get('upload-offset')), size)
    await fetch(url, { method: 'DELETE', headers })
  }
  return sample
}

async function removeRow(server: Server, { done }: Sample, size: number): Promise<void> {
  const row: any = JSON.parse(done.words)
  requireSize(server, row.source.size, size)
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/films/${row.id}`, { method: 'DELETE' })
  if (!answer.ok) throw new Error(`Cannot remove what ${server.title} was sent: ${answer.status}`)
}

/** What one was sent lies in its folder, perhaps with a note beside it. */
function removeFiles(server: Server, size: number): void {
  const paths = readdirSync(server.folder).map((name) => join(server.folder, name))
  requireSize(server, Math.max(0, ...paths.map((path) => statSync(path).size)), size)
  for (const path of paths) rmSync(path)
}

function requireSize({ title }: Server, got: number, size: number): void {
  if (got !== size) throw new Error(`Cannot compare: ${title} has ${got} bytes of ${size}`)
}
