import type { Maker } from './maker.ts'
import { findProgram, runToEnd, versionOf } from './process.ts'
import { Missing } from './service.ts'

/** The machine's own NATS, which keeps nothing. */
export const nats: Maker = {
  find() {
    const program = findProgram('nats-server')
    const version = program === undefined ? undefined : versionOf(program)
    if (program === undefined || version === undefined) throw new Missing('it is not installed')
    return {
      version,
      initialise: (folder) => runToEnd('mkdir', ['data'], { cwd: folder }),
      serve: ({ port }) => ({
        program,
        args: ['--addr', '127.0.0.1', '--port', String(port)],
        ready: /Server is ready/,
        end: 'SIGTERM',
      }),
      url: (port) => `nats://127.0.0.1:${port}`,
    }
  },
}
