import { belongsTo, bool, decimal, float, int, json, list, model, optional, text, time } from '../index.ts'

export const models = {
  people: model({ name: text() }),
  things: model(
    {
      title: text(),
      story: optional(text({ max: 1_000_000 })),
      count: int(),
      ratio: float(),
      fresh: bool(),
      moment: time(),
      labels: list(text()),
      moments: list(time()),
      facts: json(),
      price: decimal({ scale: 2 }),
      owner: optional(belongsTo('people')),
    },
    { search: ['title'] },
  ),
}
export type Models = typeof models
