const given: Readonly<Record<string, string | undefined>> = {
  SQLite: 'sqlite:',
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
}

/** Names and URLs for `scratchDatabase`: SQLite always, and the servers that are there to test with. */
export const servers = Object.entries(given).flatMap(([kind, server]) => (server === undefined ? [] : [{ kind, server }]))
export const sqlServers = servers.filter(({ kind }) => kind !== 'MongoDB')
