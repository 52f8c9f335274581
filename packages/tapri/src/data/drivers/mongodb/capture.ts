import type { Clock } from '../../../kit/clock.ts'
import type { Capture, Outside } from '../../capture/capture.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import { reasonOf } from '../said.ts'
import { CapturePlace } from './capture-place.ts'
import { StreamOutside } from './capture-stream.ts'
import type { Codec } from './codec.ts'
import { codeOf, translate } from './failure.ts'
import { makeKept } from './kept.ts'
import type { Server } from './server.ts'
import { Turn } from './turn.ts'

interface CaptureOptions {
  readonly isOn: boolean
  readonly server: Server
  readonly codec: Codec
  readonly clock: Clock
}

/** The document of the book-keeping that says who hears for all. */
const name = 'capture'
/** So long, in milliseconds, after it was killed another process hears for all. Two that do write nothing twice. */
const longestHold = 3000

/** What others write to MongoDB, by one change stream: https://www.mongodb.com/docs/manual/changeStreams/ */
export class MongoCapture implements Capture {
  readonly isOn: boolean
  readonly #options: CaptureOptions

  constructor(options: CaptureOptions) {
    this.isOn = options.isOn
    this.#options = options
  }

  async prepare(): Promise<readonly string[]> {
    const { server } = this.#options
    const stream = server.watch([], { maxAwaitTimeMS: 1 })
    try {
      await stream.tryNext()
    } catch (cause) {
      const reason = `the server has no change stream for us (${reasonOf(cause)})`
      throw dataError('TAPRI_DATA_CAPTURE', `Cannot hear what others write to the database: ${reason}`, { cause })
    } finally {
      await stream.close()
    }
    return []
  }

  async open(models: readonly Model[]): Promise<Outside | undefined> {
    const { server, codec, clock } = this.#options
    try {
      await makeKept(server, name, { holder: null })
      const turn = new Turn(server, { name, longestHold })
      const hold = await turn.tryHold()
      if (hold === undefined) return undefined
      const release = () => turn.release(hold)
      try {
        const place = new CapturePlace(server)
        const kept = await place.read()
        // whole documents as they were and became, of what is written from now on
        const added = await addImages(server, place, models)
        const unknown = new Pile()
        for (const model of kept === '' ? models : added) unknown.touch(model)
        const keepImages = async (model: Model) => void (await addImages(server, place, [model]))
        return StreamOutside.open({ server, codec, clock, models, unknown, place, kept, keepImages, release })
      } catch (cause) {
        await release()
        throw cause
      }
    } catch (cause) {
      throw translate(cause)
    }
  }

  async remove(): Promise<void> {
    const { server } = this.#options
    const place = new CapturePlace(server)
    const ours = await place.imaged()
    if (ours === undefined) return
    await server.meta().deleteOne({ _id: name })
    // those of others are for others
    for (const collection of ours) await setImages(server, collection, false)
    await place.remove()
  }
}

/** Answers the models whose images were not kept before. */
async function addImages(server: Server, place: CapturePlace, models: readonly Model[]): Promise<Model[]> {
  const has = new Set(await imaged(server))
  const added = models.filter((model) => !has.has(model.name))
  await place.addImaged(added.map((model) => model.name))
  for (const model of added) await setImages(server, model.name, true)
  return added
}

async function imaged(server: Server): Promise<string[]> {
  const all = await server.db.listCollections().toArray()
  return all.flatMap((each) =>
    'options' in each && each.options?.changeStreamPreAndPostImages?.enabled === true ? [each.name] : [],
  )
}

async function setImages(server: Server, collection: string, enabled: boolean): Promise<void> {
  try {
    await server.command({ collMod: collection, changeStreamPreAndPostImages: { enabled } })
  } catch (cause) {
    // NamespaceNotFound: made by the first row, which says all of itself
    if (codeOf(cause) !== 26) throw cause
  }
}
