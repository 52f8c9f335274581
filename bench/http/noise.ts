import { cpus } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { median } from '../data/race.ts'

/** From so much on the figures of a server are marked: they tell only of large differences. */
export const noisy = 0.1

/** How far apart the rounds of one server are: the highest less the lowest, by the median. */
export function spread(values: readonly number[]): number {
  return values.length === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / median(values)
}

/** The part of the machine's processors that others keep busy while nothing of ours runs, 0 to 1. */
export async function othersAtWork(milliseconds = 1000): Promise<number> {
  const before = ticks()
  await setTimeout(milliseconds)
  const after = ticks()
  const all = after.all - before.all
  return all === 0 ? 0 : (after.busy - before.busy) / all
}

function ticks(): { readonly busy: number; readonly all: number } {
  let busy = 0
  let all = 0
  for (const { times } of cpus()) {
    const { user, nice, sys, irq, idle } = times
    busy += user + nice + sys + irq
    all += user + nice + sys + irq + idle
  }
  return { busy, all }
}
