import type { Model } from '../catalog.ts'
import type { Raw } from '../driver.ts'
import type { StoredRow } from '../evaluate.ts'

/**
 * A row that somebody else has made (`before` is null), changed or deleted (`after` is null), decoded. With neither, anything
 * in the model may have changed.
 */
export interface OutsideChange {
  readonly model: Model
  readonly before: StoredRow | null
  readonly after: StoredRow | null
}

/**
 * What `read` reads; that anything may have changed when it cannot be read, as another program may write what no model of
 * ours allows: nothing that comes later waits behind that.
 */
export function readChange(model: Model, read: () => Omit<OutsideChange, 'model'>): OutsideChange {
  try {
    return { model, ...read() }
  } catch {
    return { model, before: null, after: null }
  }
}

/** One or more transactions of others, whole and in their order. */
export interface OutsidePart {
  readonly changes: readonly OutsideChange[]
  /** What the database calls the place right after them. */
  readonly place: string
}

/** What others than the data room commit, as one process hears it. */
export interface Outside {
  /** Waits until there is something; undefined when it was closed. Rejects when it cannot be heard any more. */
  next(): Promise<OutsidePart | undefined>
  /** Ends when everything up to a place can be read, in a database whose log tells of a commit a moment before that. */
  visible?(place: string): Promise<void>
  /** Remembers, in the transaction that writes the part to the log, that it is there; false when another process was first. */
  keep(raw: Raw, place: string): Promise<boolean>
  /** That transaction is committed: the database may forget what it kept for us. */
  settled(place: string): void
  close(): Promise<void>
}

/** How a database tells what was written past the data room. */
export interface Capture {
  /** Whether the URL asks for it. */
  readonly isOn: boolean
  /** Looks whether the server is set up for it; answers what it advises.
   * @throws TAPRI_DATA_CAPTURE */
  prepare(models: readonly Model[]): Promise<readonly string[]>
  /** Undefined while another process hears it: one does for all. */
  open(models: readonly Model[]): Promise<Outside | undefined>
  /** Takes away what a run with capture has left in the database. */
  remove(): Promise<void>
}
