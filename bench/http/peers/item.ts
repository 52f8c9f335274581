import { z } from 'zod'

/** What the servers check that leave the validator to their users: most take zod. */
export const itemSchema = z.strictObject({
  title: z.string().min(1).max(120),
  price: z.number().min(0),
  tags: z.array(z.string().max(30)).max(10),
  published: z.boolean(),
})
