import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheFolder, makeOnce } from './cache.ts'
import type { Front, Maker } from './maker.ts'
import { runToEnd } from './process.ts'
import { Missing } from './service.ts'

/** Azurite and all it needs, locked: what it would take by itself is each day another, and some days cannot be had. */
const recipe = join(import.meta.dirname, 'azurite')
const version: string = JSON.parse(readFileSync(join(recipe, 'package.json'), 'utf8')).dependencies.azurite
const main = 'node_modules/azurite/dist/src/blob/main.js'
const container = 'kites'
const account = 'devstoreaccount1'
/** Of the account that every Azurite has, as its documentation prints it. */
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** Azurite: what Microsoft gives to those who test without Azure. */
export const azure: Maker = {
  find() {
    const script = join(azuriteFolder(), main)
    if (!existsSync(script)) throw new Missing(`${azuriteFolder()} is not made yet`)
    return {
      version: `Azurite ${version}`,
      initialise: (folder) => runToEnd('mkdir', ['data'], { cwd: folder }),
      serve: ({ folder, port }) => ({
        program: nodeForAll(),
        args: [
          script,
          ...['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', join(folder, 'data')],
          // the SDK is always newer than Azurite
          ...['--skipApiVersionCheck', '--silent', '--disableTelemetry'],
        ],
        ready: /successfully listens/,
        end: 'SIGKILL',
      }),
      url: urlOf,
      front: withContainer,
    }
  },
}

function urlOf(port: number): string {
  return `azure://${account}:${encodeURIComponent(key)}@127.0.0.1:${port}/${container}?tls=off`
}

/** Makes the container that the URL names. */
async function withContainer(port: number): Promise<Front> {
  const { ContainerClient, StorageSharedKeyCredential } = await import('@azure/storage-blob')
  const address = `http://127.0.0.1:${port}/${account}/${container}`
  await new ContainerClient(address, new StorageSharedKeyCredential(account, key)).create()
  return { url: urlOf(port), close: async () => {} }
}

/** Fetches Azurite from the npm registry, once; none of its packages runs a script. */
export async function prepareAzurite(say: (text: string) => void): Promise<void> {
  if (existsSync(azuriteFolder())) return
  say(`Fetching azurite ${version} into ${azuriteFolder()} (this once) …`)
  await makeOnce(azuriteFolder(), async (folder) => {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(recipe, file), join(folder, file))
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', ['ci', ...options, '--prefix', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
    if (!existsSync(join(folder, main))) throw new Missing(`azurite ${version} has no ${main}`)
    execFileSync('chmod', ['-R', 'a+rX', folder])
  })
}

function azuriteFolder(): string {
  return join(cacheFolder(), `azurite-${version}`)
}

/** This Node, where the user that servers run as can reach it: in the home of root it could not. */
function nodeForAll(): string {
  if (process.getuid?.() !== 0 || isOpenToAll(process.execPath)) return process.execPath
  const copy = join(cacheFolder(), `node-${process.versions.node}`)
  if (existsSync(copy)) return copy
  const aside = `${copy}.copying-${process.pid}`
  mkdirSync(cacheFolder(), { recursive: true, mode: 0o755 })
  copyFileSync(process.execPath, aside)
  renameSync(aside, copy)
  return copy
}

function isOpenToAll(path: string): boolean {
  const above = dirname(path)
  return (statSync(path).mode & 0o001) !== 0 && (above === path || isOpenToAll(above))
}
