import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { Films, film, metadata, nothingKept, patch, sha256 } from './uploads.fixture.ts'

const run = promisify(execFile)
const tus = { 'Tus-Resumable': '1.0.0' }

const number = fc.oneof(
  fc.nat({ max: 3000 }).map(String),
  fc.constantFrom('-1', '1.5', '0x10', '', ' 5', '5, 5', '9007199254740993', 'NaN', '٣'),
)
const word = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.constantFrom('?1', '?0', '1', 'partial', 'final;', 'true', '1.0.0', '9'),
)
const header = fc.oneof(
  fc.tuple(fc.constantFrom('Upload-Length', 'Upload-Offset'), number),
  fc.tuple(
    fc.constantFrom(
      'Tus-Resumable',
      'Upload-Defer-Length',
      'Upload-Complete',
      'Upload-Concat',
      'Upload-Metadata',
      'Upload-Checksum',
      'Upload-Draft-Interop-Version',
      'Content-Digest',
      'Repr-Digest',
      'Content-Disposition',
      'Content-Type',
      'Tapri-Direct',
      'X-HTTP-Method-Override',
      'Expect',
    ),
    word,
  ),
  fc.constantFrom<[string, string]>(
    ['Tus-Resumable', '1.0.0'],
    ['Upload-Complete', '?1'],
    ['Content-Type', 'application/offset+octet-stream'],
    ['Content-Type', 'application/partial-upload'],
    ['Upload-Metadata', metadata({ route: 'videos.create', field: 'source' })],
  ),
)

/** Sends whatever headers are given, as far as HTTP itself lets them; answers status and code. */
function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const cut = () => resolve({ status: 0, text: '' })
    const sent = request(url, { method, headers, agent: false })
    sent.on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', cut)
    })
    sent.on('error', cut)
    if (body.length === 0) sent.end()
    else sent.end(body)
  })
}

test('no headers and offsets break an upload: each request is taken or refused with a documented error', async () => {
  await using films = await Films.open()
  const targets = [
    `${films.api}/uploads`,
    `${films.api}/uploads?route=videos.create&field=source`,
    await films.begin(2000),
    await films.begin(2000),
  ]
  const requests = fc.record({
    method: fc.constantFrom('POST', 'PATCH', 'HEAD', 'DELETE', 'GET', 'PUT', 'OPTIONS'),
    target: fc.nat({ max: targets.length - 1 }),
    headers: fc.array(header, { maxLength: 7 }),
    size: fc.nat({ max: 3000 }),
  })
  let taken = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, target, headers, size }) => {
      const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(method)
      const bytes = film(3000).subarray(0, isRead ? 0 : size)
      const clean = headers.filter(([, value]) => !/[^\t\x20-\x7e]/.test(value))
      const { status, text } = await send(method, targets[target] ?? '', Object.fromEntries(clean), bytes)
      // a request that is no HTTP, or shorter than it says, has its connection closed
      if (status === 0) return
      films.clock.advance(1000)
      assert.ok(status < 500, `${status} ${text}`)
      if (status < 400) taken++
      else refused++
      if (status < 400 || method === 'HEAD') return
      assert.match(text, /"code":"TAPRI_[A-Z_]+"/)
    }),
    { numRuns: 1000, seed: Number(process.env.FIRST_SEED ?? 1) },
  )
  assert.ok(taken > 100 && refused > 300, `${taken} were taken, ${refused} refused`)
  const url = await films.begin(2000)
  assert.equal((await patch(url, 0, film(2000))).status, 204)
  films.clock.advance(86_400_000)
  await films.started.files.sweep()
  assert.deepEqual(await films.kept(), nothingKept)
})

test('curl sends a file in two parts', async (context) => {
  const version = await run('curl', ['--version']).catch(() => undefined)
  if (version === undefined) return context.skip('curl is not there')
  await using films = await Films.open()
  const bytes = film(500_000)
  const url = await films.begin(bytes.length)
  for (const [start, end] of [
    [0, 123_456],
    [123_456, 500_000],
  ] as const) {
    const path = join(films.folder, `${start}.part`)
    await writeFile(path, bytes.subarray(start, end))
    const headers = [tus, { 'Upload-Offset': start }, { 'Content-Type': 'application/offset+octet-stream' }]
      .flatMap((each) => Object.entries(each))
      .flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const { stdout } = await run('curl', [
      '-s',
      '-w',
      '%{http_code}',
      '-X',
      'PATCH',
      ...headers,
      '--data-binary',
      `@${path}`,
      url,
    ])
    assert.equal(stdout, '204')
  }
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
})
