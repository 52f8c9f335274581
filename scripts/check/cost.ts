import { measureTypes, type TypeCost } from '../../bench/types/measure.ts'
import { readHouse } from './house.ts'
import type { Rule } from './rule.ts'

/** A route costs the compiler, and so the editor, no more than the budget. */
export const cost: Rule = {
  name: 'cost',
  claim: 'one more route costs the compiler little',
  async check(root) {
    const budget = readHouse(root).instantiationsPerRoute
    const outcome = await measured()
    const file = 'bench/types/generate.ts'
    if (outcome instanceof Error) return [{ file, line: 1, message: outcome.message }]
    const { instantiationsPerRoute: figure } = outcome
    if (figure <= budget) return []
    const message = `a route costs ${figure} type instantiations, the budget is ${budget}: find the type that grew (tsc --generateTrace)`
    return [{ file, line: 1, message }]
  },
}

function measured(): Promise<TypeCost | Error> {
  return measureTypes().catch((cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause))))
}
