// MySQL and the DocumentDB engine are packaged in Debian sid alone. Their packages are unpacked into a folder and run with
// the C library that they were built for: that needs no root, changes nothing of the machine, and goes away with the folder.
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, fingerprint, makeOnce } from './cache.ts'
import { findProgram, versionOf } from './process.ts'
import { Missing } from './service.ts'
import { download, keyring, runTool } from './sid-packages.ts'

export interface SidTree {
  readonly folder: string
  /** A program of the tree, ready to be run on this machine. */
  program(path: string): string
}

const packages = ['mysql-server-core', 'postgresql-18', 'postgresql-18-documentdb']
const postgresFolder = 'usr/lib/postgresql/18'
const programs = ['usr/sbin/mysqld', `${postgresFolder}/bin/postgres`, `${postgresFolder}/bin/initdb`]
/** Of each package only what the programs read. */
const wanted = [
  './usr/lib',
  './usr/lib64',
  './usr/sbin/mysqld',
  './usr/share/mysql',
  './usr/share/postgresql',
  './usr/share/proj',
]

const machines: Partial<Record<string, { readonly triplet: string; readonly loader: string }>> = {
  x64: { triplet: 'x86_64-linux-gnu', loader: 'usr/lib64/ld-linux-x86-64.so.2' },
  arm64: { triplet: 'aarch64-linux-gnu', loader: 'usr/lib/ld-linux-aarch64.so.1' },
}

/** The tree that `prepareSid` made; throws `Missing` when there is none. */
export function sidTree(): SidTree {
  const folder = treeFolder()
  if (!existsSync(folder)) throw new Missing(obstacle() ?? `${folder} is not made yet`)
  return { folder, program: (path) => join(folder, path) }
}

/** Makes the tree unless it is there: about 170 MB to fetch, 500 MB on disk. */
export async function prepareSid(say: (text: string) => void): Promise<void> {
  const folder = treeFolder()
  if (existsSync(folder)) return
  const reason = obstacle()
  if (reason !== undefined) throw new Missing(reason)
  say(`Unpacking ${packages.join(', ')} from Debian sid into ${folder} (this once, about half a minute) …`)
  await makeOnce(folder, async (aside) => build(aside))
}

function treeFolder(): string {
  return join(cacheFolder(), `sid-${process.arch}-${fingerprint([...packages, ...programs, ...wanted].join())}`)
}

/** Why the tree cannot be made on this machine. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux' || machines[process.arch] === undefined) {
    return `Debian has no packages for ${process.platform} on ${process.arch}`
  }
  const absent = ['apt-get', 'dpkg-deb', 'tar'].find((program) => findProgram(program) === undefined)
  if (absent !== undefined) return `this machine has no ${absent}`
  return existsSync(keyring) ? undefined : `${keyring} is missing (apt-get install debian-archive-keyring)`
}

function build(folder: string): void {
  const apt = join(folder, 'apt')
  download(apt, packages)
  const archives = join(apt, 'cache/archives')
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) unpack(join(archives, file), folder)
  rmSync(apt, { recursive: true })
  for (const program of programs) wrap(folder, program)
  linkAlternatives(folder)
  for (const program of programs) {
    if (versionOf(join(folder, program)) === undefined)
      throw new Missing(`${program} from Debian sid does not run on this machine`)
  }
}

function unpack(archive: string, folder: string): void {
  const places = wanted.map((path) => `--wildcards '${path}' '${path}/*'`).join(' ')
  // most packages have nothing in some of the places, of which tar complains: what matters is run at the end
  const command = `dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" --no-same-owner --no-same-permissions ${places} 2>/dev/null || true`
  runTool('sh', ['-c', command, archive, folder])
}

/** Puts a script in the place of a program, which runs it with the loader and the libraries of its tree. */
function wrap(folder: string, program: string): void {
  const machine = machines[process.arch]
  if (machine === undefined) throw new Missing(`Debian has no packages for ${process.arch}`)
  const path = join(folder, program)
  renameSync(path, `${path}.real`)
  const libraries = [
    `usr/lib/${machine.triplet}`,
    `usr/lib/${machine.triplet}/blas`,
    `usr/lib/${machine.triplet}/lapack`,
    `${postgresFolder}/lib`,
  ]
  const script = [
    '#!/bin/sh',
    `root=\${0%/${program}}`,
    `exec "$root/${machine.loader}" --argv0 "$0" --library-path "${libraries.map((path) => `$root/${path}`).join(':')}" "$0.real" "$@"`,
  ]
  writeFileSync(path, `${script.join('\n')}\n`)
  chmodSync(path, 0o755)
}

/** What `update-alternatives` does when a package is installed. */
function linkAlternatives(folder: string): void {
  const extensions = join(folder, 'usr/share/postgresql/18/extension')
  symlinkSync('postgis-3.control', join(extensions, 'postgis.control'))
}
