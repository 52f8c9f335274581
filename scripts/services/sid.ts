// MySQL, the DocumentDB engine and the servers of S3 are packaged in Debian sid alone. Their packages are unpacked into a
// folder and run with the C library that they were built for: that needs no root, changes nothing of the machine, and goes
// away with the folder.
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, fingerprint, makeOnce } from './cache.ts'
import { findProgram, versionOf } from './process.ts'
import { Missing } from './service.ts'
import { download, keyring, runTool } from './sid-packages.ts'

/** What a tree is made of. */
export interface SidRecipe {
  readonly packages: readonly string[]
  readonly programs: readonly string[]
  /** Of each package only what the programs read. */
  readonly wanted: readonly string[]
  /** Where they look for libraries, besides the usual place. */
  readonly libraries: readonly string[]
  /** What their environment needs; `$root` is the tree. */
  readonly environment: Readonly<Record<string, string>>
  /** What is done to the tree once it is unpacked. */
  finish(folder: string): void
  /** Megabytes to fetch. */
  readonly size: number
}

export interface SidTree {
  readonly folder: string
  /** A program of the tree, ready to be run on this machine. */
  program(path: string): string
}

const machines: Partial<Record<string, { readonly triplet: string; readonly loader: string }>> = {
  x64: { triplet: 'x86_64-linux-gnu', loader: 'usr/lib64/ld-linux-x86-64.so.2' },
  arm64: { triplet: 'aarch64-linux-gnu', loader: 'usr/lib/ld-linux-aarch64.so.1' },
}

/** The tree that `prepareSid` made; throws `Missing` when there is none. */
export function sidTree(recipe: SidRecipe): SidTree {
  const folder = treeFolder(recipe)
  if (!existsSync(folder)) throw new Missing(obstacle() ?? `${folder} is not made yet`)
  return { folder, program: (path) => join(folder, path) }
}

/** Makes the tree unless it is there. */
export async function prepareSid(recipe: SidRecipe, say: (text: string) => void): Promise<void> {
  const folder = treeFolder(recipe)
  if (existsSync(folder)) return
  const reason = obstacle()
  if (reason !== undefined) throw new Missing(reason)
  say(`Unpacking ${recipe.packages.join(', ')} from Debian sid into ${folder} (this once, ${recipe.size} MB to fetch) …`)
  await makeOnce(folder, async (aside) => build(aside, recipe))
}

function treeFolder({ packages, programs, wanted }: SidRecipe): string {
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

function build(folder: string, recipe: SidRecipe): void {
  const apt = join(folder, 'apt')
  download(apt, recipe.packages)
  const archives = join(apt, 'cache/archives')
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) unpack(join(archives, file), folder, recipe)
  rmSync(apt, { recursive: true })
  for (const program of recipe.programs) wrap(folder, program, recipe)
  recipe.finish(folder)
  for (const program of recipe.programs) {
    if (versionOf(join(folder, program)) === undefined)
      throw new Missing(`${program} from Debian sid does not run on this machine`)
  }
}

function unpack(archive: string, folder: string, { wanted }: SidRecipe): void {
  const places = wanted.map((path) => `--wildcards '${path}' '${path}/*'`).join(' ')
  // most packages have nothing in some of the places, of which tar complains: what matters is run at the end
  const command = `dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" --no-same-owner --no-same-permissions ${places} 2>/dev/null || true`
  runTool('sh', ['-c', command, archive, folder])
}

/** Puts a script in the place of a program, which runs it with the loader and the libraries of its tree. */
function wrap(folder: string, program: string, recipe: SidRecipe): void {
  const machine = machines[process.arch]
  if (machine === undefined) throw new Missing(`Debian has no packages for ${process.arch}`)
  const path = join(folder, program)
  renameSync(path, `${path}.real`)
  const usual = `usr/lib/${machine.triplet}`
  const libraries = [usual, ...recipe.libraries.map((place) => place.replace('TRIPLET', machine.triplet))]
  const script = [
    '#!/bin/sh',
    `root=\${0%/${program}}`,
    ...Object.entries(recipe.environment).map(([name, value]) => `export ${name}="${value}"`),
    `exec "$root/${machine.loader}" --argv0 "$0" --library-path "${libraries.map((place) => `$root/${place}`).join(':')}" "$0.real" "$@"`,
  ]
  writeFileSync(path, `${script.join('\n')}\n`)
  chmodSync(path, 0o755)
}
