import { Readable } from 'node:stream'
import { openStore } from '../stores/open.ts'
import { filmBytes, inChunks, killedSize } from './under-test.ts'

// The process that is killed in the midst of a put or an append: it says when its sender has given all that it will give.
const [url = '', key = '', memo] = process.argv.slice(2)
const store = await openStore(url)
const source = Readable.from(film())
void (memo === undefined ? store.put(key, source) : store.pieces.append({ key, memo }, 0, source))
// an IPC channel that nobody listens to does not keep a process alive by itself
process.on('message', () => {})

async function* film() {
  yield* inChunks(filmBytes(0, killedSize), 65_536)
  process.send?.('given')
  await new Promise(() => {})
}
