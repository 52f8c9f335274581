// A process of its own that makes many tables in the database of its argument, and is killed while it does.
import { belongsTo, int, model, openDatabase, optional, text } from '../../index.ts'
import type { Models } from '../../rows.ts'

/** Tables that name each other, with every kind of index. */
export const manyModels: Models = Object.fromEntries(
  Array.from({ length: 6 }, (_, number) => [
    `table${number}`,
    model(
      {
        name: text({ unique: true }),
        size: int({ default: 0 }),
        next: optional(belongsTo(`table${(number + 1) % 6}`)),
      },
      { unique: [['name', 'size']], index: [['size']], search: ['name'] },
    ),
  ]),
)

const url = process.argv[2]
if (import.meta.main && url !== undefined) {
  const database = await openDatabase({ models: manyModels, policies: [], url, migrate: 'auto' })
  await database.close()
}
