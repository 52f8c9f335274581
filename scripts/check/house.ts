import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The house rules as data: `house.json` in the root. */
export interface House {
  /** The folder of the rooms. */
  readonly rooms: string
  /** Rooms by floor, the ground floor first. */
  readonly floors: readonly (readonly string[])[]
  /** Rooms whose files are imported directly. */
  readonly withoutDoor: readonly string[]
  /** Rooms whose types a room may import though they stand higher. */
  readonly mayImportTypesOf: Readonly<Record<string, readonly string[]>>
  /** Folders whose code is under the rules. */
  readonly code: readonly string[]
  /** The compiler's project files; together they include all of it. */
  readonly projects: readonly string[]
  readonly lines: { readonly aim: number; readonly cap: number; readonly testCap: number }
  /** The page with every error code. */
  readonly errors: string
  /** Pages, or folders of pages, whose code must compile. */
  readonly docs: readonly string[]
  /** Pages that may hold code marked `no-check`. */
  readonly docsUnchecked: readonly string[]
  /** Words that must not be in the code. */
  readonly forbidden: readonly string[]
  /** What one more route may cost the compiler. */
  readonly instantiationsPerRoute: number
  /** What a page may load of the client, minified and compressed: at first, and with every part that it may need later. */
  readonly clientBytes: { readonly first: number; readonly whole: number }
}

export function readHouse(root: string): House {
  const house: House = JSON.parse(readFileSync(join(root, 'house.json'), 'utf8'))
  return house
}
