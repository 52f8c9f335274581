import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, makeOnce } from '../services/cache.ts'

export type RuntimeName = 'bun' | 'deno'

/** What Tapri is tested on. */
export const versions: Readonly<Record<RuntimeName, string>> = { bun: '1.4.5', deno: '2.9.6' }

export interface FoundRuntime {
  readonly program: string
  readonly version: string
}

/**
 * The program of a runtime: the one that TEST_BUN or TEST_DENO names, else the one on the PATH, else the one that
 * `fetchRuntime` has brought; undefined when there is none.
 */
export function findRuntime(name: RuntimeName): FoundRuntime | undefined {
  for (const program of [process.env[`TEST_${name.toUpperCase()}`], name, join(folderOf(name), programOf(name))]) {
    const version = program === undefined ? undefined : versionOf(program)
    if (program !== undefined && version !== undefined) return { program, version }
  }
  return undefined
}

/** Fetches a runtime from the npm registry, once: its package for this machine holds the program and runs no script. */
export async function fetchRuntime(name: RuntimeName): Promise<void> {
  if (findRuntime(name) !== undefined) return
  if (process.platform !== 'linux') throw new Error(`Cannot fetch ${name} for ${process.platform}: install it by yourself`)
  await makeOnce(folderOf(name), async (folder) => {
    const spec = `${packages[name]}@${versions[name]}`
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
    execFileSync('npm', ['install', ...options, '--prefix', folder, spec], { stdio: ['ignore', 'ignore', 'inherit'] })
    if (!existsSync(join(folder, programOf(name)))) throw new Error(`Cannot find the program of ${name} in ${spec}`)
  })
}

function folderOf(name: RuntimeName): string {
  return join(cacheFolder(), `${name}-${versions[name]}`)
}

/** Of a machine with Linux and glibc, as continuous integration has it; elsewhere people install their own. */
const packages: Readonly<Record<RuntimeName, string>> = {
  bun: `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`,
  deno: `@deno/linux-${process.arch}-glibc`,
}

function programOf(name: RuntimeName): string {
  return join('node_modules', packages[name], name === 'bun' ? 'bin/bun' : 'deno')
}

function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return status === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
}
