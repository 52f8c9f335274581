import type { ChangesRead, LoggedChanges } from '../../driver.ts'
import { translate } from './failure.ts'
import { piecesOf, wholeText } from './pieces.ts'
import type { Server } from './server.ts'

/** The entries after a position. Whoever writes one has seen all before it, so none comes in front of another later. */
export async function readChanges(server: Server, position: number, limit: number): Promise<ChangesRead> {
  try {
    const after = server.changes().find({ _id: { $gt: position } }, { maxTimeMS: server.longest, batchSize: limit + 1 })
    const entries: LoggedChanges[] = []
    for (const { _id, at, changes, more } of await after.sort({ _id: 1 }).limit(limit).toArray()) {
      entries.push({ position: Number(_id), at: Number(at), changes: await wholeText(server, Number(_id), { changes, more }) })
    }
    // nothing is missing, so nothing was forgotten
    if (entries.length > 0 && entries.every((entry, at) => entry.position === position + at + 1)) return { forgotten: 0, entries }
    // read later than the entries: what was forgotten in between is at worst said of what was read
    const forgotten = await forgottenOf(server)
    return { forgotten, entries }
  } catch (cause) {
    throw translate(cause)
  }
}

/** Of the last entry that there is, or was. */
export async function lastPosition(server: Server): Promise<number> {
  const [last] = await server.changes().find().sort({ _id: -1 }).limit(1).toArray()
  return Math.max(Number(last?._id ?? 0), await forgottenOf(server))
}

/** Forgets all but the newest entries, and those from before the moment; what fails here is done the next time. */
export async function trimLog(server: Server, { kept, before }: { kept: number; before: number }): Promise<void> {
  const changes = server.changes()
  const projection = { _id: 1 } as const
  try {
    const [tooMany] = await changes.find({}, { projection }).sort({ _id: -1 }).skip(kept).limit(1).toArray()
    const [tooOld] = await changes
      .find({ at: { $lt: before } }, { projection })
      .sort({ _id: -1 })
      .limit(1)
      .toArray()
    const last = Math.max(Number(tooMany?._id ?? 0), Number(tooOld?._id ?? 0))
    if (last === 0) return
    // told before it is done, so that nobody takes what is left for all
    await server.meta().updateOne({ _id: 'forgotten' }, { $max: { value: last } })
    await changes.deleteMany({ _id: { $lte: last } })
    await piecesOf(server).deleteMany({ position: { $lte: last } })
  } catch {
    // the transaction that asked for it is committed already, and its caller must hear so
  }
}

async function forgottenOf(server: Server): Promise<number> {
  const forgotten = await server.meta().findOne({ _id: 'forgotten' }, { maxTimeMS: server.longest })
  return Number(forgotten?.value ?? 0)
}
