export type DatabaseKind = 'sqlite' | 'mongodb' | 'postgres' | 'mysql'

const kinds: Readonly<Record<string, DatabaseKind>> = {
  sqlite: 'sqlite',
  mongodb: 'mongodb',
  'mongodb+srv': 'mongodb',
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
}

/** Which kind of database a URL names, by its scheme; undefined for none of ours. */
export function kindOf(scheme: string): DatabaseKind | undefined {
  return Object.hasOwn(kinds, scheme) ? kinds[scheme] : undefined
}
