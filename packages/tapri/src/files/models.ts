import { model } from '../data/index.ts'
import { belongsTo, int, oneOf, optional, text, time } from '../schema/index.ts'

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
      at: time(),
    },
    { index: [['state', 'at']] },
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
}
