import { keepServices } from './keep.ts'
import { missingLine, type Service, type ServiceName } from './service.ts'

export type { Service, ServiceName } from './service.ts'

const reasons = new Map<ServiceName, string>()
const looked = new Map<ServiceName, Promise<Service | undefined>>()

/** What a run of `npm test` tells its test files: why services are missing, by name, so that none looks again. */
export const missingVariable = 'TAPRI_MISSING_SERVICES'

/**
 * A server to test with: the one that the environment names, which `npm test` starts for all test files, else one
 * of this process's own, which ends with it. `undefined` when there is none; `whyMissing` says why.
 * @example const postgres = await findService('postgres')
 * test('a claim', { skip: postgres === undefined && whyMissing('postgres') }, async () => { … })
 */
export function findService(name: ServiceName): Promise<Service | undefined> {
  const known = looked.get(name) ?? look(name)
  looked.set(name, known)
  return known
}

/** Why `findService` found none, and how to get it: the reason of a skipped test. */
export function whyMissing(name: ServiceName): string {
  return missingLine(name, reasons.get(name) ?? 'nobody has looked for it')
}

async function look(name: ServiceName): Promise<Service | undefined> {
  const told = reasonTold(name)
  if (told !== undefined) {
    reasons.set(name, told)
    return undefined
  }
  const { found, missing } = await keepServices([name])
  for (const { reason } of missing) reasons.set(name, reason)
  return found[0]
}

function reasonTold(name: ServiceName): string | undefined {
  const told: Partial<Record<ServiceName, string>> = JSON.parse(process.env[missingVariable] ?? '{}')
  return told[name]
}
