import { test } from 'node:test'
import { dataConformance } from '../../conformance.ts'
import { scratchMysql } from './scratch.ts'

const servers = { MySQL: 'TEST_MYSQL_URL', MariaDB: 'TEST_MARIADB_URL' }

for (const [name, variable] of Object.entries(servers)) {
  const server = process.env[variable]
  if (server === undefined) {
    const how = `set ${variable}, like mysql://root@127.0.0.1/test, or start one with scripts/services`
    test(`${name} does what every database must do`, { skip: how }, () => {})
  } else {
    dataConformance(name, () => scratchMysql(server))
  }
}
