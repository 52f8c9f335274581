import fc from 'fast-check'
import { type Question, questionsOf } from './questions.fixture.ts'
import type { Plan } from './shapes.fixture.ts'
import { type Step, stepsOf, valuesOf } from './writes.fixture.ts'

/** Rows to begin with, then some questions, a step, some questions, and so on. */
export interface Round {
  readonly rows: readonly { readonly model: string; readonly values: readonly any[] }[]
  readonly turns: readonly { readonly step: Step; readonly questions: readonly Question[] }[]
}

export function roundsOf(plan: Plan): fc.Arbitrary<Round> {
  const questions = fc.array(questionsOf(plan), { minLength: 12, maxLength: 24 })
  const rows = fc.tuple(
    ...plan.map((model) =>
      fc.record({ model: fc.constant(model.name), values: fc.array(valuesOf(model), { minLength: 1, maxLength: 8 }) }),
    ),
  )
  return fc.record({ rows, turns: fc.array(fc.record({ step: stepsOf(plan), questions }), { minLength: 4, maxLength: 8 }) })
}
