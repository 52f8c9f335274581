import { filesError } from '../errors.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room where files are kept',
  EDQUOT: 'the disk quota is used up: make room where files are kept',
  EFBIG: 'the file is larger than the file system takes',
  EROFS: 'the file system is read-only',
  EACCES: 'the folder for files may not be written',
  EPERM: 'the folder for files may not be written',
  ENOTDIR: 'the place for files is not a folder',
  EMFILE: 'too many files are open in this process: raise its limit of open files',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the disk does not answer as it should',
}

/** The error of a disk as one that people understand; other errors as they are. The path stays in the cause, for the log. */
export function diskError(cause: unknown): unknown {
  const code = codeOf(cause)
  const reason = code === undefined ? undefined : reasons[code]
  if (reason === undefined) return cause
  return filesError('TAPRI_FILES_STORE', `Cannot store the file: ${reason} (${code})`, { cause })
}

/** Whether there is no file; a link in its place is none (ELOOP). */
export function isMissing(cause: unknown): boolean {
  const code = codeOf(cause)
  return code === 'ENOENT' || code === 'ELOOP'
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
