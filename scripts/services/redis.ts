import { join } from 'node:path'
import type { Maker } from './maker.ts'
import { findProgram, runToEnd, versionOf } from './process.ts'
import { Missing } from './service.ts'

/** The machine's own Redis, or Valkey, which is the same to those who speak to it. */
export const redis: Maker = {
  find() {
    const program = findProgram('redis-server') ?? findProgram('valkey-server')
    const version = program === undefined ? undefined : versionOf(program)
    if (program === undefined || version === undefined) throw new Missing('it is not installed')
    return {
      version,
      initialise: (folder) => runToEnd('mkdir', ['data'], { cwd: folder }),
      serve: ({ folder, port, durable }) => ({
        program,
        args: [
          ...['--port', String(port), '--bind', '127.0.0.1', '--dir', join(folder, 'data'), '--save', ''],
          ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
        ],
        ready: /ready to accept connections/i,
        end: 'SIGTERM',
      }),
      url: (port) => `redis://127.0.0.1:${port}/0`,
    }
  },
}
