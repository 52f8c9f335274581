import app from './app.fixture.ts'
import { bugs } from './bugs.fixture.ts'

// A node in a process of its own.
bugs[process.env.ORACLE_BUG ?? '']?.()
await app.start({ host: '127.0.0.1', port: 0 })
