import { Room } from './room.fixture.ts'

// The process that crash.test.ts kills: a room on the folder it is given.
const room = await Room.open(process.argv[2])
process.send?.(room.url)
// an IPC channel that nobody listens to does not keep a process alive by itself
process.on('message', () => {})
