import { closeSync, openSync } from 'node:fs'
import { systemClock } from '../../kit/clock.ts'
import { runProgram } from './programs.ts'

// The process that child.test.ts starts with few file handles: it tells how a program fails without any, and then with some.
const held: number[] = []
try {
  while (true) held.push(openSync('/dev/null', 'r'))
} catch {
  // none is left
}
const run = () => runProgram('true', [], { clock: systemClock, idle: 10_000 })
const told = [await run().catch((error: unknown) => error)]
for (const handle of held) closeSync(handle)
told.push(await run())
process.stdout.write(told.map(String).join('\n'))
