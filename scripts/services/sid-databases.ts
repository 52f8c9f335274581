import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { SidRecipe } from './sid.ts'

const postgresFolder = 'usr/lib/postgresql/18'

/** MySQL, and PostgreSQL with the DocumentDB engine: 500 MB on disk. */
export const databaseTree: SidRecipe = {
  packages: ['mysql-server-core', 'postgresql-18', 'postgresql-18-documentdb'],
  programs: ['usr/sbin/mysqld', `${postgresFolder}/bin/postgres`, `${postgresFolder}/bin/initdb`],
  wanted: ['./usr/lib', './usr/lib64', './usr/sbin/mysqld', './usr/share/mysql', './usr/share/postgresql', './usr/share/proj'],
  libraries: ['usr/lib/TRIPLET/blas', 'usr/lib/TRIPLET/lapack', `${postgresFolder}/lib`],
  environment: {},
  /** What `update-alternatives` does when a package is installed. */
  finish(folder) {
    symlinkSync('postgis-3.control', join(folder, 'usr/share/postgresql/18/extension/postgis.control'))
  },
  size: 170,
}
