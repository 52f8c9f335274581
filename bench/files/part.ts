import type { Worker } from '../http/process.ts'
import type { Found } from '../live/part.ts'

export interface FilesPart {
  readonly title: string
  measure(options: {
    readonly quick: boolean
    readonly load: Worker
    /** A folder for what servers keep. */
    readonly home: string
    /** A folder with the file that is served. */
    readonly shared: string
    /** Bytes of that file, and of those that are sent. */
    readonly size: number
  }): Promise<Found>
}
