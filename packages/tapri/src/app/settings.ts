import { type FrameworkSettings, frameworkSettings, readSettings } from '../config/index.ts'
import type { Fields } from '../schema/index.ts'

export type Settings = FrameworkSettings & Readonly<Record<string, unknown>>

/**
 * Reads the framework's settings and the app's own in one go, so that one report tells all that is wrong.
 * @throws TAPRI_CONFIG_INVALID
 */
export function readAll(own: Fields, environment: Readonly<Record<string, string | undefined>>, file: string | null): Settings {
  const values = readSettings({ ...frameworkSettings, ...own }, { env: environment, file })
  return settled(values)
}

// readSettings has checked every value against the fields that FrameworkSettings is the type of.
function settled(values: object): Settings {
  return values as Settings
}
