import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { folder, serve } from '../serving.ts'

sharp.cache(false)
const picture = await readFile(join(folder, 'picture.jpg'))

// A size for each request, of a picture that is in memory, and nothing besides.
await serve(async (request, response) => {
  const width = Number(new URL(request.url ?? '', 'http://x').searchParams.get('width'))
  response.setHeader('Content-Type', 'image/webp')
  response.end(await sharp(picture).rotate().resize({ width }).webp({ quality: 80 }).toBuffer())
})
