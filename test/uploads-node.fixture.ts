import { systemClock } from '../packages/tapri/src/kit/clock.ts'
import { openNode } from './uploads.fixture.ts'

// A node of its own on the folder and the database it is given, for tests that kill it.
const [folder = '', database] = process.argv.slice(2)
const started = await openNode({ folder, database, clock: systemClock })
process.send?.(started.apiUrl)
// an IPC channel that nobody listens to does not keep a process alive by itself
process.on('message', () => {})
