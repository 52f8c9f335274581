import type { FullRow, SystemDb } from '../data/index.ts'
import type { Id } from '../schema/index.ts'
import type { fileModels } from './models.ts'

export type FileDb = SystemDb<typeof fileModels>
export type FileId = Id<'tapri_files'>
export type UploadId = Id<'tapri_uploads'>
export type UploadRow = FullRow<typeof fileModels, 'tapri_uploads'>
export type FileRow = FullRow<typeof fileModels, 'tapri_files'>

// Every database of the files room was opened with `fileModels`, which the type of any database cannot know.
export function fileDb(db: SystemDb<any>): FileDb {
  return db as unknown as FileDb
}

// Ids leave the database as text, in forms, rows and paths; one that is of no row finds none.
export function idOf<Of extends string>(id: string): Id<Of> {
  return id as Id<Of>
}
