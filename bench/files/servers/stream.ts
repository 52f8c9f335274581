import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { folder, name, serve } from '../serving.ts'

const path = join(folder, name)
const { size } = statSync(path)

// A stream for each reader: what most write by hand.
await serve((request, response) => {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Number(to ?? size - 1)
  response.writeHead(from === undefined ? 200 : 206, {
    'Content-Length': end - start + 1,
    'Content-Range': `bytes ${start}-${end}/${size}`,
  })
  const file = createReadStream(path, { start, end })
  response.on('close', () => file.destroy())
  file.pipe(response)
})
