import { join } from 'node:path'
import type { Maker } from './maker.ts'
import { freePort } from './port.ts'
import { initialisePostgres, serveArguments } from './postgres.ts'
import { versionOf } from './process.ts'
import { Missing } from './service.ts'
import { sidTree } from './sid.ts'
import { databaseTree } from './sid-databases.ts'

// what the engine needs to be loaded, and where it keeps its own tables
const settings = [
  ...['-c', 'shared_preload_libraries=pg_cron,pg_documentdb_core,pg_documentdb'],
  ...['-c', 'cron.database_name=postgres'],
  ...['-c', 'documentdb_core.enableCollation=on'],
  // change streams are read from its log, at once after each commit
  ...['-c', 'wal_level=logical', '-c', 'synchronous_commit=on'],
]

/** The DocumentDB engine on PostgreSQL behind a gateway of ours: MongoDB's protocol and meaning. */
export const mongodb: Maker = {
  find() {
    const bin = sidTree(databaseTree).program('usr/lib/postgresql/18/bin')
    const version = versionOf(join(bin, 'postgres'))
    if (version === undefined) throw new Missing('the DocumentDB engine does not run')
    return {
      version: `DocumentDB on PostgreSQL ${version}`,
      initialise: (folder) => initialisePostgres(bin, folder, { settings, statements: ['create extension documentdb cascade'] }),
      serve: (options) => ({
        program: join(bin, 'postgres'),
        args: [...serveArguments(options), ...settings],
        ready: /ready to accept connections/,
        end: 'SIGQUIT',
      }),
      url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
      async front(port) {
        const own = await freePort()
        // its packages are the driver's: they are needed only here
        const { openGateway } = await import('./mongo-gateway/gateway.ts')
        const gateway = await openGateway(own, `postgres://postgres@127.0.0.1:${port}/postgres`)
        return { url: `mongodb://127.0.0.1:${own}/test?replicaSet=rs0`, close: () => gateway.close() }
      },
    }
  },
}
