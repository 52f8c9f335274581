import { model } from '../data/index.ts'
import { belongsTo, bool, int, json, oneOf, optional, text, time } from '../schema/index.ts'
import type { Rung } from './media/playlist.ts'
import type { Media } from './media.ts'
import type { Window } from './streams/window.ts'

/** The framework's own table of files: each has one row from before its first byte until after its last is removed. */
export const fileModels = {
  tapri_files: model(
    {
      /** Names the bytes in the store. */
      key: text({ max: 64, unique: true }),
      name: text({ max: 255 }),
      type: text({ max: 255 }),
      size: int({ min: 0, default: 0 }),
      sha256: optional(text({ max: 64 })),
      /** `pending` until a row takes it, `orphaned` once no row has it; orphaned bytes are removed. */
      state: oneOf(['pending', 'attached', 'orphaned']),
      model: optional(text({ max: 255 })),
      row: optional(text({ max: 64 })),
      field: optional(text({ max: 255 })),
      /** The user who sent it; null for a visitor's, and for what the app itself gives. */
      owner: optional(text({ max: 64 })),
      /** When it is given up while it is pending; whoever holds it puts that off. */
      expires: optional(time()),
      /** Until when bytes come by a URL of the store, unless they are very slow: its row outlives that by a day. */
      closes: optional(time()),
      at: time(),
    },
    {
      index: [
        ['state', 'expires'],
        ['owner', 'state'],
      ],
    },
  ),
  /** Files that come over several requests or straight into the store, and that a later request gives to a row. */
  tapri_uploads: model(
    {
      file: belongsTo('tapri_files', { onDelete: 'cascade' }),
      /** SHA-256 of the name that it goes by, which is not kept. */
      hash: text({ max: 64, unique: true }),
      /** `pieces` in order, `part` of one that is joined of several, `direct` into the store. */
      kind: oneOf(['pieces', 'part', 'direct']),
      /** What the store must be told again of its pieces. */
      memo: text({ max: 4000 }),
      route: text({ max: 255 }),
      field: text({ max: 255 }),
      /** The media type that the sender claims. */
      claimed: text({ max: 255 }),
      /** Bytes; null until the sender says. */
      length: optional(int({ min: 0 })),
      /** As the sender wrote them, to be answered. */
      metadata: text({ max: 8192 }),
      concat: optional(text({ max: 16_384 })),
      /** SHA-256 that the whole must have, in hexadecimal. */
      digest: optional(text({ max: 64 })),
      /** Whole, checked, and ready for a row. */
      complete: bool({ default: false }),
      /** What is known of its picture, film or sound. */
      media: optional(json<Media>()),
      owner: optional(text({ max: 64 })),
      /** Where a visitor's comes from. */
      sender: text({ max: 64 }),
      /** The request that works on it, and until when that is believed. */
      holder: optional(text({ max: 64 })),
      held: optional(time()),
      /** A request that waits for the holder to end. */
      wanted: optional(text({ max: 64 })),
      expires: time(),
      at: time(),
    },
    { index: [['file'], ['expires'], ['owner', 'sender']] },
  ),
  /** What was made of a file: sizes of a picture, renditions of a film. Removed before the file is. */
  tapri_renditions: model(
    {
      file: belongsTo('tapri_files', { onDelete: 'cascade' }),
      /** What it is, like `thumb.webp` or `720p.mp4`. */
      name: text({ max: 100 }),
      /** Names the bytes in the store. */
      key: text({ max: 64, unique: true }),
      type: text({ max: 255 }),
      /** Null until all of its bytes are kept. */
      size: optional(int({ min: 0 })),
      at: time(),
    },
    { unique: [['file', 'name']] },
  ),
  /** Films and recordings that are made ready for streaming: one row each, for as long as the file is in its place. */
  tapri_films: model(
    {
      file: belongsTo('tapri_files', { onDelete: 'cascade', unique: true }),
      model: text({ max: 255 }),
      row: text({ max: 64 }),
      field: text({ max: 255 }),
      state: oneOf(['waiting', 'working', 'ready', 'failed', 'cancelled', 'unavailable']),
      /** `first` until what plays it at once is made, then `rest`. */
      stage: oneOf(['first', 'rest'], { default: 'first' }),
      /** The user who sent it; null for a visitor's, and for what the app itself gives. */
      owner: optional(text({ max: 64 })),
      /** When a process took it last. */
      taken: optional(time()),
      /** The process that works on it. */
      worker: optional(text({ max: 64 })),
      /** When another may take it; of what is ready, when what only its beginning needed is removed. */
      expires: optional(time()),
      attempts: int({ min: 0, default: 0 }),
      /** The renditions that are finished. */
      made: json<readonly Rung[]>(),
    },
    {
      index: [
        ['state', 'expires'],
        ['owner', 'taken'],
      ],
    },
  ),
  /** Where encoders send live: one row for each `stream()` field of a row that has had a key. */
  tapri_streams: model(
    {
      model: text({ max: 255 }),
      row: text({ max: 64 }),
      field: text({ max: 255 }),
      /** SHA-256 of the key, which is not kept. */
      hash: text({ max: 64 }),
      state: oneOf(['off', 'live', 'ended']),
      /** What viewers are given, while there is something. */
      file: optional(text({ max: 64 })),
      /** The push that may add to it. */
      push: optional(text({ max: 64 })),
      /** When it is ended if nothing more comes, and when what is left of it is removed. */
      expires: optional(time()),
      window: json<Window>(),
    },
    { unique: [['model', 'row', 'field']], index: [['state', 'expires'], ['file']] },
  ),
}
