import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { busConformance, busFor, busOutages } from '../conformance.fixture.ts'
import { hearing } from '../heard.fixture.ts'
import { frameOf, frameReader, kinds } from '../ipc/frames.ts'
import { largestText } from '../limits.ts'
import { openBus } from '../open.ts'
import { openProcess } from '../process.fixture.ts'

busConformance('ipc', { skip: false, open: (t) => `ipc:${folderFor(t)}/bus`, isShared: true })

busOutages('ipc', {
  skip: false,
  async start(t) {
    const url = `ipc:${folderFor(t)}/bus`
    // whoever comes first serves the others
    const first = await openProcess(t, url)
    return { url, isAway: false, kill: () => first.kill(), async restart() {} }
  },
})

test('the bus of ipc begins once, however many processes begin at once', async (t) => {
  const url = `ipc:${folderFor(t)}/bus`
  const buses = await Promise.all(Array.from({ length: 8 }, () => busFor(t, url)))
  const heard = await Promise.all(
    buses.map(async (bus) => {
      const each = hearing()
      await bus.subscribe('kites', each.hear)
      return each
    }),
  )
  // one that came while the first was not ready yet is told of the gap, and hears from then on
  while (heard.some(({ texts }) => texts.length === 0)) {
    await buses[0]?.publish('kites', 'red').catch(() => {})
    await new Promise(setImmediate)
  }
})

test('the bus of ipc is handed on from process to process until the last has ended', async (t) => {
  const url = `ipc:${folderFor(t)}/bus`
  const others = [await openProcess(t, url), await openProcess(t, url), await openProcess(t, url)]
  const bus = await busFor(t, url)
  const [heard, gaps] = [hearing(), hearing()]
  bus.onGap(() => gaps.hear('gap'))
  await bus.subscribe('kites', heard.hear)
  for (const [index, other] of others.entries()) {
    await (index === 1 ? other.close() : other.kill())
    while (!heard.texts.includes(String(index))) {
      await bus.publish('kites', String(index)).catch(() => {})
      await new Promise(setImmediate)
    }
  }
  assert.ok(gaps.texts.length >= 1)
})

test('the bus of ipc is in a folder that nobody else may enter', async (t) => {
  const folder = folderFor(t)
  await (await openBus(`ipc:${folder}/own/bus`)).close()
  assert.equal(statSync(`${folder}/own/bus`).mode & 0o777, 0o700)
  mkdirSync(`${folder}/open`)
  chmodSync(`${folder}/open`, 0o755)
  await assert.rejects(openBus(`ipc:${folder}/open`), { code: 'TAPRI_BUS_FOLDER', message: /chmod 700/ })
  await assert.rejects(openBus(`ipc:${folder}/${'k'.repeat(90)}`), { code: 'TAPRI_BUS_FOLDER', message: /too long/ })
  await assert.rejects(openBus('ipc:'), { code: 'TAPRI_BUS_URL' })
})

test('the bus of ipc cuts who speaks another language, and who does not read', async (t) => {
  const folder = `${folderFor(t)}/bus`
  const bus = await busFor(t, `ipc:${folder}`)
  const stranger = connect(`${folder}/bus.sock`)
  const cut = Promise.withResolvers<void>()
  stranger.on('error', () => {}).on('close', () => cut.resolve())
  stranger.end('GET / HTTP/1.1\r\n\r\n').resume()
  await cut.promise
  const slow = connect(`${folder}/bus.sock`)
  const slowCut = Promise.withResolvers<void>()
  slow.on('error', () => {}).on('close', () => slowCut.resolve())
  slow.write(frameOf(kinds.listen, 'kites'))
  const heard = hearing()
  await bus.subscribe('kites', heard.hear)
  const text = 'k'.repeat(largestText)
  let published = 0
  // as much as waits for one process, and what the system keeps for it
  while (published * largestText < 32 * 1024 ** 2) {
    await bus.publish('kites', text)
    published++
  }
  slow.resume()
  await slowCut.promise
  await heard.until(published)
})

test('whoever serves the bus of ipc sends nobody what they have left', async (t) => {
  const folder = `${folderFor(t)}/bus`
  const bus = await busFor(t, `ipc:${folder}`)
  const heard = hearing()
  const raw = connect(`${folder}/bus.sock`)
  t.after(() => raw.destroy())
  raw.on(
    'data',
    frameReader(({ kind, text }) => heard.hear(kind === kinds.done ? 'done' : String(text))),
  )
  raw.write(frameOf(kinds.listen, 'kites'))
  await heard.until(1)
  await bus.publish('kites', 'red')
  await heard.until('red')
  raw.write(frameOf(kinds.unlisten, 'kites'))
  await heard.until(3)
  await bus.publish('kites', 'blue')
  raw.write(frameOf(kinds.ping))
  await heard.until(4)
  assert.deepEqual(heard.texts, ['done', 'red', 'done', 'done'])
})

function folderFor(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-bus-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
