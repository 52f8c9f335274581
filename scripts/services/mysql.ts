import { join } from 'node:path'
import type { Command, Maker, Program, ServeOptions } from './maker.ts'
import { findProgram, runToEnd, versionOf, wordsOf } from './process.ts'
import { Missing } from './service.ts'
import { sidTree } from './sid.ts'
import { databaseTree } from './sid-databases.ts'

/** MySQL itself: the machine's own, else the one unpacked from Debian sid. */
export const mysql: Maker = {
  find() {
    const own = findProgram('mysqld')
    // in Debian `mysqld` may be MariaDB by its old name
    if (own !== undefined && !/mariadb/i.test(wordsOf(own))) return mysqlAt(own, [])
    const tree = sidTree(databaseTree)
    const share = join(tree.folder, 'usr/share/mysql')
    return mysqlAt(tree.program('usr/sbin/mysqld'), [
      `--basedir=${join(tree.folder, 'usr')}`,
      `--lc-messages-dir=${share}`,
      `--character-sets-dir=${join(share, 'charsets')}`,
      `--plugin-dir=${join(tree.folder, 'usr/lib/mysql/plugin')}`,
    ])
  },
}

function mysqlAt(program: string, places: readonly string[]): Program {
  const version = versionOf(program)
  if (version === undefined) throw new Missing(`${program} does not run`)
  const common = ['--no-defaults', ...places, '--secure-file-priv=', '--mysqlx=OFF', '--performance-schema=OFF']
  return {
    version,
    async initialise(folder) {
      const first = join(folder, 'first.sql')
      await runToEnd('sh', ['-c', 'cat > first.sql'], { cwd: folder, input: firstStatements.join('\n') })
      const args = [...common, `--datadir=${join(folder, 'data')}`, '--initialize-insecure', `--init-file=${first}`]
      await runToEnd(program, [...args, '--skip-log-bin', '--innodb-flush-method=nosync'], { cwd: folder })
    },
    serve: (options) => serveMysql(program, [...common, '--innodb-redo-log-capacity=64M', ...binaryLog], options),
    url: (port) => `mysql://root@127.0.0.1:${port}/test`,
  }
}

const firstStatements = [
  'create database test;',
  `create user root@'%' identified by '';`,
  `grant all privileges on *.* to root@'%' with grant option;`,
]

/** Whole rows with the names of their columns, so that writes of others can be read; kept small, as nobody restores from it. */
export const binaryLog = [
  '--server-id=1',
  '--log-bin=binary-log',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  '--binlog-row-metadata=FULL',
  '--max-binlog-size=64M',
  '--binlog-expire-logs-seconds=600',
]

/** What MySQL and MariaDB are started with alike. */
export function serveMysql(program: string, common: readonly string[], { folder, port, durable }: ServeOptions): Command {
  const fast = [
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--innodb-doublewrite=OFF',
    '--sync-binlog=0',
  ]
  return {
    program,
    args: [
      ...common,
      `--datadir=${join(folder, 'data')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      '--max-connections=300',
      // not ours, and not whole hours: nobody may rely on the server's zone
      '--default-time-zone=+05:30',
      ...(durable ? [] : fast),
    ],
    ready: /ready for connections/,
    end: 'SIGKILL',
  }
}
