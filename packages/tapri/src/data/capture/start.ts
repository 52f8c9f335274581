import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../observe/index.ts'
import type { Catalog } from '../catalog.ts'
import type { ChangeLog } from '../changes.ts'
import type { Driver } from '../driver.ts'
import type { Writer } from '../writer.ts'
import { Capturing } from './capturing.ts'

interface StartOptions {
  readonly driver: Driver
  readonly catalog: Catalog
  readonly changes: ChangeLog
  readonly writer: Writer
  readonly clock: Clock
  readonly log: Log | undefined
}

/** Begins to hear what others write, when the URL asks for it; otherwise takes away what an earlier run has left for it.
 * @throws TAPRI_DATA_CAPTURE when the server is not set up for it */
export async function startCapture({
  driver,
  catalog,
  changes,
  writer,
  clock,
  log,
}: StartOptions): Promise<Capturing | undefined> {
  const { capture } = driver
  const models = [...catalog.values()]
  const fail = (error: unknown) => log?.error('Failed to hear what others write to the database', { error })
  if (capture?.isOn !== true) {
    // what it costs is worth to be told, not to stand still for
    await capture?.remove().catch(fail)
    return undefined
  }
  try {
    for (const advice of await capture.prepare(models)) log?.event('data.capture.advised', { advice }, 'warn')
  } catch (error) {
    await changes.close()
    await driver.close()
    throw error
  }
  return new Capturing({ capture, models, writer, clock, fail, mayPass: (error) => driver.mayPass(error) })
}
