import { bool, float, int, type Models, model, optional, text, time, was } from '../index.ts'

/** The same app before and after a migration with a step of each kind. */
export const before: Models = {
  notes: model({ title: text(), stars: int({ default: 0 }), word: optional(text()) }, { index: [['word']] }),
  tags: model({ name: text() }),
}

export const after: Models = {
  notes: model(
    {
      heading: was('title', text()),
      stars: float({ default: 0 }),
      word: text({ default: 'none' }),
      done: bool({ default: false }),
      at: time({ default: 'now' }),
    },
    { unique: [['heading']] },
  ),
  labels: model({ name: text() }, { was: 'tags' }),
  extra: model({ number: int() }),
}
