import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { film, Room } from './room.fixture.ts'

test('a process killed during an upload leaves nothing of it after the next start, and what was attached is whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-files-'))
  try {
    const [child, url] = await start(folder)
    const form = new FormData()
    form.append('title', 'Kites')
    form.append('source', film('kept.mp4'))
    const { source } = await (await fetch(`${url}/videos`, { method: 'POST', body: form })).json()

    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    const bytes = Buffer.from(await film('half.mp4', 900_000).arrayBuffer())
    socket.write(
      `POST /videos HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900500\r\n\r\n--b\r\nContent-Disposition: form-data; name="source"; filename="half.mp4"\r\n\r\n`,
    )
    socket.write(bytes.subarray(0, 600_000))
    const incoming = join(folder, 'files', 'incoming')
    while ((await readdir(incoming)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await once(child, 'exit')
    socket.destroy()
    const [half = '', ...others] = await readdir(incoming)
    assert.deepEqual(others, [])
    // as if it had lain there for long: until then it could be another process's
    await utimes(join(incoming, half), 0, 0)

    await using room = await Room.open(folder)
    room.clock.advance(120_000)
    await room.files.sweep()
    assert.deepEqual(await room.kept(), { rows: ['kept.mp4 attached'], keys: 1, unfinished: 0 })
    const answer = await fetch(room.url + source.url)
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.from(await film().arrayBuffer()))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

async function start(folder: string): Promise<[ChildProcess, string]> {
  const child = fork(join(import.meta.dirname, 'crash.fixture.ts'), [folder])
  const [url] = await once(child, 'message')
  return [child, String(url)]
}
