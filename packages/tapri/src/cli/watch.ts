import { existsSync, type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'

const ignoredAnywhere = new Set(['node_modules', '.git'])
/** Beside package.json; deeper down these are names like any other. */
const ignoredAtTop = new Set(['data', 'dist', 'test-results'])

/**
 * Tells of each source file below a folder that is written, replaced, made or removed; the answer ends it.
 * Each folder is watched by itself: the recursive watching of Node on Linux holds on to files, and loses one
 * that an editor saves by putting a new file in its place.
 * @example const stop = watchSources('src', (file) => console.log(file))
 */
export function watchSources(folder: string, changed: (file: string) => void): () => void {
  const watchers = new Map<string, FSWatcher>()

  const add = (path: string): void => {
    const watcher = watchFolder(path, (event, name) => {
      const entry = join(path, name)
      if (isSource(name)) changed(entry)
      // a folder that is gone, new, or another one in its place
      else if (event === 'rename') unlessGone(() => renew(entry))
    })
    watchers.set(path, watcher)
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name)
      if (entry.isDirectory() && !isIgnored(inner)) add(inner)
    }
  }
  const renew = (path: string): void => {
    drop(path)
    if (isIgnored(path) || !isFolder(path)) return
    add(path)
    // what was written into it before it was watched
    const first = readdirSync(path, { recursive: true, encoding: 'utf8' }).find(isSource)
    if (first !== undefined) changed(join(path, first))
  }
  const drop = (path: string): void => {
    for (const [watched, watcher] of watchers) {
      if (watched !== path && !watched.startsWith(path + sep)) continue
      watcher.close()
      watchers.delete(watched)
    }
  }

  add(folder)
  return () => {
    for (const watcher of watchers.values()) watcher.close()
  }
}

/** Tells when the file of that name in a folder is written, replaced, made or removed; the answer ends it. */
export function watchFile(folder: string, file: string, changed: () => void): () => void {
  const watcher = watchFolder(folder, (_event, name) => name === file && changed())
  return () => watcher.close()
}

function watchFolder(path: string, heard: (event: string, name: string) => void): FSWatcher {
  const watcher = watch(path, (event, name) => {
    if (name !== null) heard(event, name)
  })
  // a folder that is removed fails on some systems; its parent tells of it on all
  watcher.on('error', () => watcher.close())
  return watcher
}

function isIgnored(path: string): boolean {
  return ignoredAnywhere.has(basename(path)) || ignoredAtTop.has(relative(process.cwd(), path))
}

/** A folder may be removed again while it is looked through; its parent tells of that too. */
function unlessGone(look: () => void): void {
  try {
    look()
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

function isSource(file: string): boolean {
  return /\.(?:[cm]?[jt]s|json)$/.test(file)
}
