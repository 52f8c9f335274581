import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { tapri } from 'tapri'
import { testApp } from 'tapri/test'
import { WebSocket } from 'ws'

const { app } = tapri({ models: {} })
const plain = { controllers: {}, policies: [] } as const

/** Opens sockets as a proxy would that says where they come from; 0 for one that is open, else the refusal's status. */
async function opener(t: TestContext, part: ReturnType<typeof app>, settings: Readonly<Record<string, string>>) {
  const running = await testApp(part, { settings })
  const sockets: WebSocket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.terminate()
    await running[Symbol.asyncDispose]()
  })
  return async (from: string) => {
    const socket = new WebSocket(`${running.url.replace('http', 'ws')}/live`, 'tapri.v1', {
      headers: { 'x-forwarded-for': from },
    })
    socket.on('error', () => {})
    sockets.push(socket)
    const refused = once(socket, 'unexpected-response').then(([, answer]) => Number(answer.statusCode))
    return Promise.race([once(socket, 'open').then(() => 0), refused])
  }
}

test('one address has as many live sockets as the app allows, the /64 of an IPv6 one together', async (t) => {
  const open = await opener(t, app({ ...plain, http: { limits: { sockets: 2 } } }), { TRUST_PROXY: '1' })
  const seen: number[] = []
  for (const from of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '203.0.113.9', '10.0.0.1', '10.0.0.1', '10.0.0.1'])
    seen.push(await open(from))
  assert.deepEqual(seen, [0, 0, 429, 0, 0, 0, 429])
})

test('without a trusted proxy the address of the connection counts, whatever a header says', async (t) => {
  const open = await opener(t, app({ ...plain, http: { limits: { sockets: 2 } } }), {})
  assert.deepEqual([await open('203.0.113.1'), await open('203.0.113.2'), await open('203.0.113.3')], [0, 0, 429])
})
