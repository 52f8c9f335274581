import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { busError } from '../errors.ts'

/** A folder that only this user may enter, and where in it the processes meet. */
export interface Place {
  readonly folder: string
  /** Of the socket, or of the named pipe on Windows. */
  readonly address: string
  /** Locked by whoever serves the others. */
  readonly turn: string
}

/** A path to a socket has some 104 bytes in all, at the least of the systems. */
const longestAddress = 100

/** Makes the folder, mode 0700, when it is not there.
 * @throws TAPRI_BUS_FOLDER */
export function makePlace(path: string): Place {
  const folder = privateFolder(path)
  const address = addressIn(folder)
  if (Buffer.byteLength(address) > longestAddress && process.platform !== 'win32') {
    throw wrong(
      path,
      `its path is too long for a socket, at most ${longestAddress - '/bus.sock'.length} bytes: choose a shorter one`,
    )
  }
  return { folder, address, turn: join(folder, 'turn') }
}

/** Removes the socket of one that was killed; only for whoever has the turn. */
export function clearAddress({ address }: Place): void {
  if (process.platform !== 'win32') rmSync(address, { force: true })
}

function privateFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const folder = realpathSync(path)
    const { mode, uid } = statSync(folder)
    // Windows has rights of another kind; who may not write to the pipe hears nothing from it
    if (process.platform === 'win32') return folder
    if (uid !== process.getuid?.()) throw wrong(path, `it belongs to the user ${uid}: choose another folder`)
    if ((mode & 0o077) !== 0) throw wrong(path, `others may enter it: run "chmod 700 ${path}", or choose a folder of its own`)
    return folder
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('TAPRI_')) throw cause
    throw wrong(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function addressIn(folder: string): string {
  if (process.platform !== 'win32') return join(folder, 'bus.sock')
  return `\\\\.\\pipe\\tapri-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
}

function wrong(path: string, why: string, cause?: unknown) {
  return busError('TAPRI_BUS_FOLDER', `Cannot open the bus in the folder "${path}": ${why}`, { cause })
}
