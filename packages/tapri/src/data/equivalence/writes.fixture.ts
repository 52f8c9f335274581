import fc from 'fast-check'
import { type Question, questionsOf } from './questions.fixture.ts'
import type { ModelPlan, Plan } from './shapes.fixture.ts'
import { kinds, texts } from './values.fixture.ts'
import { nullable, rowsAt, wheresOf } from './wheres.fixture.ts'
import type { Asker } from './world.fixture.ts'

/** A write of one table. */
export interface Write {
  readonly asker: Asker
  readonly model: string
  readonly method: 'create' | 'createMany' | 'update' | 'delete' | 'restore' | 'updateWhere' | 'deleteWhere' | 'upsert'
  readonly given: any
}
/** Several steps that hold together; `fails` when they were all done, `catches` what goes wrong in each. */
export interface Together {
  readonly asker: Asker
  readonly fails: boolean
  readonly catches: boolean
  readonly steps: readonly Step[]
}
export type Step = Write | Together | { readonly question: Question }

/** Arbitrary values of a whole row, with the rows that it names. */
export function valuesOf(model: ModelPlan): fc.Arbitrary<any> {
  return fc.record({ ...fieldsOf(model), ...linksOf(model) }, { requiredKeys: Object.keys(fieldsOf(model)) })
}

/** Arbitrary steps on the rows of a plan, one of them perhaps many that hold together. */
export function stepsOf(plan: Plan): fc.Arbitrary<Step> {
  const wheres = wheresOf(plan)
  const writes = fc.oneof(...plan.flatMap((model) => writesOf(model, wheres[model.name] ?? fc.constant({}))))
  const questions = questionsOf(plan).map((question) => ({ question }))
  return fc.letrec<{ step: Step; together: Step }>((tie) => ({
    step: fc.oneof({ maxDepth: 3 }, { weight: 5, arbitrary: writes }, { weight: 2, arbitrary: tie('together') }),
    together: fc.record({
      asker: askers,
      fails: fc.boolean(),
      catches: fc.boolean(),
      steps: fc.array(fc.oneof(tie('step'), tie('step'), questions), { minLength: 1, maxLength: 4 }),
    }),
  })).step
}

// most writes are the system's: a caller is refused the greater part
const askers = fc.constantFrom<Asker>('system', 'system', 'caller')

function writesOf(model: ModelPlan, where: fc.Arbitrary<any>): fc.Arbitrary<Write>[] {
  const name = model.name
  const id = rowsAt(name)
  const write = (method: Write['method'], given: fc.Arbitrary<any>) =>
    fc.record({ asker: askers, model: fc.constant(name), method: fc.constant(method), given })
  const values = valuesOf(model)
  const changes = changesOf(model)
  const forever = fc.boolean()
  const [key] = model.unique
  const writes = [
    write('create', values),
    write('createMany', fc.array(values, { maxLength: 3 })),
    write('update', fc.record({ id, changes, stale: fc.boolean() }, { requiredKeys: ['id', 'changes'] })),
    write('update', fc.record({ id, changes })),
    write('delete', fc.record({ id, forever })),
    write('updateWhere', fc.record({ where, changes })),
    write('deleteWhere', fc.record({ where, forever })),
  ]
  if (model.soft) writes.push(write('restore', fc.record({ id })))
  if (key === undefined) return writes
  return [...writes, write('upsert', fc.record({ on: fc.constant(key), values, update: fc.option(changes, { nil: undefined }) }))]
}

function fieldsOf(model: ModelPlan): Record<string, fc.Arbitrary<unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const { name, kind, nullable: isNullable } of model.fields) {
    const values = kinds[kind]?.values ?? texts
    // null is JSON too, but no value of a column that must have one
    fields[name] = isNullable ? nullable(values) : values.filter((value) => value !== null)
  }
  for (const { name, target, nullable: isNullable } of model.references) {
    fields[name] = isNullable ? nullable(rowsAt(target)) : rowsAt(target)
  }
  return fields
}

function linksOf(model: ModelPlan): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(
    model.linked.map(({ name, target }) => {
      const ids = fc.array(rowsAt(target), { maxLength: 3 })
      return [name, fc.oneof(fc.record({ set: ids }), fc.record({ add: ids, remove: ids }, { requiredKeys: ['add'] }))]
    }),
  )
}

function changesOf(model: ModelPlan): fc.Arbitrary<any> {
  const added = fc.record({ few: fc.integer({ min: -2, max: 2 }).map((number) => ({ '~add': number })) })
  const some = fc.record({ ...fieldsOf(model), ...linksOf(model) }, { requiredKeys: [] })
  // few fields at once, so that many changes leave something as it is
  const parts = fc.tuple(some, fc.subarray([...Object.keys(fieldsOf(model)), ...Object.keys(linksOf(model))], { maxLength: 3 }))
  const changes = parts.map(([all, kept]) => Object.fromEntries(Object.entries(all).filter(([name]) => kept.includes(name))))
  return fc.oneof({ weight: 4, arbitrary: changes }, added)
}
