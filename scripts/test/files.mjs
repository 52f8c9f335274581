import { join, relative, sep } from 'node:path'
import { filesOf } from '../web.mjs'

const places = ['packages', 'scripts', 'test', 'examples', 'bench']

/** The test files below a folder, whose path holds one of the filters (all without filters). */
export function testFiles(folder, filters = []) {
  return places
    .flatMap((place) => filesOf(join(folder, place)))
    .map((path) => relative(folder, path).split(sep).join('/'))
    .filter((path) => /\.test\.m?[jt]s$/.test(path))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort()
}
