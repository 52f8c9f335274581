import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type BusServer, busFor, busOutages } from '../packages/tapri/src/bus/conformance.fixture.ts'
import { freePort } from '../scripts/services/port.ts'
import { findProgram, tailOf } from '../scripts/services/process.ts'
import { findProgramOf, openServer } from '../scripts/services/server.ts'
import { services } from '../scripts/services/service.ts'

for (const name of ['redis', 'nats', 'postgres'] as const) {
  busOutages(services[name].title, { skip: reasonNotInstalled(name), start: (test) => start(test, name) })
}

test('what NATS does not allow is told in its own words, and who is not let in is told why', {
  skip: reasonNotInstalled('nats'),
}, async (t) => {
  const port = await startWithRights(t)
  const events: string[] = []
  const notices = { event: (name: string, facts: object = {}) => void events.push(`${name} ${JSON.stringify(facts)}`) }
  const bus = await busFor(t, `nats://ann:p%40ss%3A@127.0.0.1:${port}`)
  await assert.rejects(bus.publish('kites', 'red'), { code: 'TAPRI_BUS_REFUSED', message: /Permissions Violation/ })
  await assert.rejects(
    bus.subscribe('kites', () => {}),
    { code: 'TAPRI_BUS_REFUSED', message: /Permissions Violation/ },
  )
  assert.deepEqual(await bus.health(), { isUp: true })
  const stranger = await busFor(t, `nats://ann:hunter2@127.0.0.1:${port}`, notices)
  assert.deepEqual(await stranger.health(), { isUp: false, reason: 'Authorization Violation' })
  assert.match(events.join(), /^bus\.lost .*Authorization Violation/)
  assert.doesNotMatch(events.join(), /hunter2/)
})

/** A NATS whose one user may neither publish nor subscribe; its port. */
async function startWithRights(t: TestContext): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-nats-'))
  const port = await freePort()
  const rights = '{ publish: { deny: ">" }, subscribe: { deny: "tapri.>" } }'
  const users = `users: [{ user: ann, password: "p@ss:", permissions: ${rights} }]`
  writeFileSync(join(folder, 'nats.conf'), `listen: "127.0.0.1:${port}"\nauthorization { ${users} }\n`)
  const child = spawn(findProgram('nats-server') ?? '', ['--config', join(folder, 'nats.conf')])
  t.after(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  const ready = Promise.withResolvers<void>()
  tailOf(child, (text) => text.includes('Server is ready') && ready.resolve())
  child.once('exit', (code) => ready.reject(new Error(`nats-server has ended with ${code}`)))
  await ready.promise
  return port
}

async function start(test: TestContext, name: 'redis' | 'nats' | 'postgres'): Promise<BusServer> {
  const server = await openServer(name)
  test.after(() => server.close())
  return { url: server.url, isAway: true, kill: () => server.kill(), restart: () => server.restart() }
}

function reasonNotInstalled(name: 'redis' | 'nats' | 'postgres'): string | false {
  try {
    findProgramOf(name)
    return false
  } catch (error) {
    return `No ${services[name].title} installed: ${error instanceof Error ? error.message : String(error)}`
  }
}
