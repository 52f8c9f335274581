import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Maker, Program, ServeOptions } from './maker.ts'
import { findProgram, isProgram, runToEnd, versionOf } from './process.ts'
import { Missing } from './service.ts'

/** The machine's newest PostgreSQL. */
export const postgres: Maker = {
  find() {
    const bin = [...debianFolders(), pathFolder()].find((folder) => folder !== undefined && isProgram(join(folder, 'initdb')))
    const version = bin === undefined ? undefined : versionOf(join(bin, 'postgres'))
    if (bin === undefined || version === undefined) throw new Missing('it is not installed')
    return postgresIn(bin, version)
  },
}

function postgresIn(bin: string, version: string): Program {
  // a dictionary's order as most databases out there have it, so that nobody relies on the order of bytes
  const hasIcu = Number.parseInt(version, 10) >= 15
  const locale = hasIcu ? ['--locale-provider=icu', '--icu-locale=en-US'] : []
  return {
    version,
    async initialise(folder) {
      await initialisePostgres(bin, folder, { options: locale, statements: ['create database test'] })
    },
    serve: (options) => ({
      program: join(bin, 'postgres'),
      args: [...serveArguments(options), '-c', 'timezone=Asia/Kolkata', ...logical],
      ready: /ready to accept connections/,
      end: 'SIGQUIT',
    }),
    url: (port) => `postgres://postgres@127.0.0.1:${port}/test`,
  }
}

/** Writes of others can be read from the log, by several tests at once. */
const logical = ['wal_level=logical', 'max_replication_slots=40', 'max_wal_senders=40'].flatMap((setting) => ['-c', setting])

interface InitialiseOptions {
  readonly options?: readonly string[]
  readonly statements: readonly string[]
  /** Settings that the statements need. */
  readonly settings?: readonly string[]
}

/** Fills a data directory and runs statements on it, one by one, without serving it. */
export async function initialisePostgres(
  bin: string,
  folder: string,
  { options = [], statements, settings = [] }: InitialiseOptions,
): Promise<void> {
  const data = join(folder, 'data')
  const common = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']
  await runToEnd(join(bin, 'initdb'), ['-D', data, ...common, ...options], { cwd: folder })
  const args = ['--single', '-D', data, '-c', 'fsync=off', '-c', 'exit_on_error=on', ...settings, 'postgres']
  await runToEnd(join(bin, 'postgres'), args, { cwd: folder, input: `${statements.join('\n')}\n` })
}

export function serveArguments({ folder, port, durable }: ServeOptions): string[] {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    // nothing is left in /dev/shm when the server is killed
    dynamic_shared_memory_type: 'mmap',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return ['-D', join(folder, 'data'), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function debianFolders(): string[] {
  try {
    const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
    return versions.map((version) => `/usr/lib/postgresql/${version}/bin`)
  } catch {
    // no Debian, or no PostgreSQL on it
    return []
  }
}

function pathFolder(): string | undefined {
  const program = findProgram('postgres')
  return program === undefined ? undefined : dirname(program)
}
