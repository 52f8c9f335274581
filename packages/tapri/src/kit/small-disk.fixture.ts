import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of its own, so small; undefined where none can be mounted. */
export function smallDisk(size: number) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-disk-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  if (status !== 0) {
    rmSync(folder, { recursive: true })
    return undefined
  }
  const dispose = () => {
    spawnSync('umount', [folder])
    rmSync(folder, { recursive: true })
  }
  return { folder, [Symbol.dispose]: dispose }
}
