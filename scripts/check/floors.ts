import { posix } from 'node:path'
import { type House, readHouse } from './house.ts'
import { importsOf } from './imports.ts'
import type { Finding, Rule } from './rule.ts'
import { readSources } from './sources.ts'

/** Rooms stand on floors: what a room imports lies lower, and is reached through its door. */
export const floors: Rule = {
  name: 'floors',
  claim: 'imports go down, and through doors',
  check(root) {
    const house = readHouse(root)
    const findings: Finding[] = []
    for (const { file, text } of readSources(root, [house.rooms], /\.ts$/)) {
      const room = roomOf(house, file)
      if (room === undefined) continue
      if (floorOf(house, room) === -1) {
        findings.push({ file, line: 1, message: `the room "${room}" stands on no floor: add it to floors in house.json` })
        continue
      }
      for (const { specifier, line, isType } of importsOf(text)) {
        const message = judge(house, { file, room, specifier, isType })
        if (message !== undefined) findings.push({ file, line, message })
      }
    }
    return findings
  },
}

interface Step {
  readonly file: string
  readonly room: string
  readonly specifier: string
  readonly isType: boolean
}

function judge(house: House, { file, room, specifier, isType }: Step): string | undefined {
  if (specifier === 'tapri' || specifier.startsWith('tapri/')) {
    return `imports "${specifier}" by its public name: inside the package, use a relative path`
  }
  if (!specifier.startsWith('.')) return undefined
  const target = posix.join(posix.dirname(file), specifier)
  const other = roomOf(house, target)
  if (other === room) return undefined
  if (other === undefined) return `imports "${specifier}", which is outside the rooms`

  const mayRise = isType && house.mayImportTypesOf[room]?.includes(other) === true
  const [from, to] = [floorOf(house, room), floorOf(house, other)]
  if (to >= from && !mayRise) {
    const where = to === from ? 'the same floor' : 'a higher floor'
    return `imports "${other}", which is on ${where} (${to}) as seen from "${room}" (${from}): move what both need down, or join them above`
  }
  if (house.withoutDoor.includes(other)) return undefined
  const door = `${house.rooms}/${other}/index.ts`
  if (target === door || (isType && target === `${house.rooms}/${other}/types.ts`)) return undefined
  return `reaches into "${other}" (${specifier}): import its door, ${posix.relative(posix.dirname(file), door)}`
}

/** The room that a file is in; none for a file beside the rooms. */
function roomOf(house: House, file: string): string | undefined {
  const [, room] = new RegExp(`^${house.rooms}/([^/]+)/`).exec(file) ?? []
  return room
}

function floorOf(house: House, room: string): number {
  return house.floors.findIndex((rooms) => rooms.includes(room))
}
