import { resolve } from 'node:path'
import { frameworkSettings, readSettings } from '../config/index.ts'

/** Where the app keeps what it keeps. */
export interface Places {
  readonly database: string
  /** The URL of its files. */
  readonly files: string
  /** The folder that they are in; undefined when they are not on this machine. */
  readonly folder: string | undefined
}

/** Reads the places from the settings of the app, which need not be whole or in order: it is not loaded. */
export function readPlaces(): Places {
  const { DATABASE_URL, FILES_URL } = frameworkSettings
  const settings = readSettings({ DATABASE_URL, FILES_URL }, { others: 'ignored' })
  const folder = /^disk:(.+)$/.exec(settings.FILES_URL)?.[1]
  return {
    database: settings.DATABASE_URL,
    files: settings.FILES_URL,
    folder: folder === undefined ? undefined : resolve(folder),
  }
}

/** The names of the parts in the folder of a backup. */
export const parts = { database: 'app.db', files: 'files', digests: 'files.sha256' } as const

/** A moment as a part of a file's name. */
export function stampOf(moment: Date): string {
  return moment.toISOString().replaceAll(/[:.]/g, '-')
}
