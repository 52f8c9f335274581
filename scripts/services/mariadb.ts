import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Maker } from './maker.ts'
import { binaryLog, serveMysql } from './mysql.ts'
import { findProgram, runToEnd, versionOf } from './process.ts'
import { Missing } from './service.ts'

/** The machine's own MariaDB; the server alone is enough, no client and no script of its package is needed. */
export const mariadb: Maker = {
  find() {
    const program = findProgram('mariadbd')
    const version = program === undefined ? undefined : versionOf(program)
    if (program === undefined || version === undefined) throw new Missing('it is not installed')
    // as Debian configures the server that it ships
    const common = ['--no-defaults', '--character-set-server=utf8mb4', '--collation-server=utf8mb4_general_ci']
    return {
      version,
      async initialise(folder) {
        await runToEnd('mkdir', ['data'], { cwd: folder })
        const args = [
          ...common,
          '--skip-log-bin',
          '--bootstrap',
          `--datadir=${join(folder, 'data')}`,
          '--enforce-storage-engine=',
        ]
        const options = ['--innodb-flush-method=nosync', '--max-allowed-packet=8M']
        await runToEnd(program, [...args, ...options], { cwd: folder, input: systemTables(program) })
      },
      serve: (options) => serveMysql(program, [...common, '--skip-name-resolve', ...binaryLog], options),
      url: (port) => `mysql://root@127.0.0.1:${port}/test`,
    }
  },
}

/** What `mariadb-install-db` feeds to the server; it reads one statement a line. */
function systemTables(program: string): string {
  const share = join(dirname(program), '../share/mysql')
  const files = [
    'mysql_system_tables',
    'mysql_performance_tables',
    'mysql_system_tables_data',
    'maria_add_gis_sp_bootstrap',
    'mysql_sys_schema',
  ]
  const scripts = files.map((file) => readFileSync(join(share, `${file}.sql`), 'utf8'))
  const last = [
    'CREATE DATABASE test CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;',
    // from here on the server knows users
    'FLUSH PRIVILEGES;',
    "CREATE USER root@'%';",
    "GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;",
  ]
  return ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket=NULL;', ...scripts, ...last, ''].join('\n')
}
