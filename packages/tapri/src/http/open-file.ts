import { close, open } from 'node:fs'

/** A file of this machine that stays open until `release` is called, which must happen once. */
export interface OpenFile {
  readonly fd: number
  release(): Promise<void>
}

/** Opens a file for one reader.
 * @throws what the system says when it cannot be opened */
export function openFile(path: string): Promise<OpenFile> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (error, fd) => {
      if (error === null) resolve({ fd, release: () => closed(fd) })
      else reject(error)
    })
  })
}

function closed(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    close(fd, (error) => (error ? reject(error) : resolve()))
  })
}
