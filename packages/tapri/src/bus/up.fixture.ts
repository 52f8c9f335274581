import { setTimeout } from 'node:timers/promises'
import type { Bus } from './types.ts'

/** Waits until a bus has its line: the first attempt may fail where the machine stands still. */
export async function untilUp(bus: Bus): Promise<void> {
  while (!(await bus.health()).isUp) await setTimeout(20)
}
