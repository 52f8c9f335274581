export type DatabaseName = 'postgres' | 'mariadb' | 'mysql' | 'mongodb'
export type FileServerName = 's3' | 's3-signed' | 'azure'
export type ServiceName = DatabaseName | 'redis' | 'nats' | FileServerName

/** A server to test with. */
export interface Service {
  readonly name: ServiceName
  readonly url: string
  /** Known of a server that was started here. */
  readonly version?: string
}

/** What is known of each service before any is looked for. */
export const services = {
  postgres: {
    title: 'PostgreSQL',
    variable: 'TEST_POSTGRES_URL',
    help: 'apt-get install postgresql, or any PostgreSQL in TEST_POSTGRES_URL=postgres://user:password@host:5432/test',
  },
  mariadb: {
    title: 'MariaDB',
    variable: 'TEST_MARIADB_URL',
    help: 'apt-get install mariadb-server-core, or any MariaDB in TEST_MARIADB_URL=mysql://user:password@host:3306/test',
  },
  mysql: {
    title: 'MySQL',
    variable: 'TEST_MYSQL_URL',
    help: 'npm run services -- prepare (on Debian), or any MySQL in TEST_MYSQL_URL=mysql://user:password@host:3306/test',
  },
  mongodb: {
    title: 'MongoDB',
    variable: 'TEST_MONGODB_URL',
    help: 'npm run services -- prepare (on Debian), or any replica set in TEST_MONGODB_URL=mongodb://host:27017/test?replicaSet=rs0',
  },
  redis: {
    title: 'Redis',
    variable: 'TEST_REDIS_URL',
    help: 'apt-get install redis-server, or any Redis in TEST_REDIS_URL=redis://:password@host:6379/0',
  },
  nats: {
    title: 'NATS',
    variable: 'TEST_NATS_URL',
    help: 'apt-get install nats-server, or any NATS in TEST_NATS_URL=nats://host:4222',
  },
  s3: {
    title: 'S3',
    variable: 'TEST_S3_URL',
    help: 'npm run services -- prepare (on Debian), or an empty bucket in TEST_S3_URL=s3://KEY:SECRET@HOST/BUCKET',
  },
  's3-signed': {
    title: 'S3 that checks signatures',
    variable: 'TEST_S3_SIGNED_URL',
    help: 'npm run services -- prepare (on Debian), or an empty bucket in TEST_S3_SIGNED_URL=s3://KEY:SECRET@HOST/BUCKET',
  },
  azure: {
    title: 'Azure',
    variable: 'TEST_AZURE_URL',
    help: 'npm run services -- prepare, or an empty container in TEST_AZURE_URL=azure://ACCOUNT:KEY@HOST/CONTAINER',
  },
} as const satisfies Record<ServiceName, { title: string; variable: string; help: string }>

/** Those that an app can keep its rows in. */
export const databaseNames: readonly DatabaseName[] = ['postgres', 'mariadb', 'mysql', 'mongodb']
/** Those that it can keep its files in. */
export const fileServerNames: readonly FileServerName[] = ['s3', 's3-signed', 'azure']
export const serviceNames: readonly ServiceName[] = [...databaseNames, 'redis', 'nats', ...fileServerNames]

export function isServiceName(text: string): text is ServiceName {
  return text in services
}

/** A server that is not on this machine, and why. */
export class Missing extends Error {}

/** The line that tells a person what to do about a missing service. */
export function missingLine(name: ServiceName, reason: string): string {
  return `No ${services[name].title} to test with: ${reason}; to have it: ${services[name].help}`
}
