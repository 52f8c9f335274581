// A process of its own that starts the named services and holds them until whoever started it goes away, in whatever way:
// then its standard input ends. Answers one line of JSON per service.
import { type OpenServer, openServer } from './server.ts'
import { isServiceName, type ServiceName } from './service.ts'

const servers: OpenServer[] = []
let isEnding = false

process.stdin.resume().once('close', () => void finish())
process.once('SIGTERM', () => void finish())
// Ctrl-C is for whoever started us; its end is ours
process.on('SIGINT', () => {})
// nobody is left to read it
process.stdout.on('error', () => {})

await Promise.all(process.argv.slice(2).filter(isServiceName).map(start))

async function start(name: ServiceName): Promise<void> {
  try {
    const server = await openServer(name)
    if (isEnding) return await server.close()
    servers.push(server)
    tell({ name, url: server.url, version: server.version })
  } catch (error) {
    tell({ name, reason: error instanceof Error ? error.message : String(error) })
  }
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function finish(): Promise<void> {
  if (isEnding) return
  isEnding = true
  await Promise.allSettled(servers.map((server) => server.close()))
  // a server that is still starting dies with us, and the next run removes its data
  process.exit()
}
