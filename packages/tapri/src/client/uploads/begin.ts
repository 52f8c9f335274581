import { milliseconds } from '../../kit/measures.ts'
import type { Settings } from '../options.ts'
import { remember } from './memory.ts'
import { Sending } from './sending.ts'
import type { Upload, UploadOptions } from './types.ts'
import { type UploadPlace, UploadWire } from './wire.ts'

/** Begins to upload a file for a field of a route. */
export function begin(settings: Settings, place: UploadPlace, file: Blob, options: UploadOptions): Upload {
  return new Sending({
    file,
    place,
    wire: new UploadWire(settings),
    clock: settings.clock,
    patience: milliseconds(options.patience ?? (settings.retries === 0 ? 0 : '15m')),
    remembered: remember(file, [settings.base, place.route, place.field], options.memory),
    signal: options.signal,
    onProgress: options.onProgress,
  })
}
