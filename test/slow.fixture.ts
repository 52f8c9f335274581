import { tapri } from 'tapri'
import { text } from 'tapri/data'

// An app in a process of its own, with the clock of the machine: slow callers are slow in seconds.
const { app, controller, visitor } = tapri({ models: {} })

const works = controller('/tea', {
  hi: visitor.get('/hi', () => 'hi'),
  make: visitor.post('/', { body: { title: text() } }, ({ body }) => body),
  large: visitor.get('/large', ({ reply }) => reply.text('x'.repeat(200_000))),
})

const { url } = await app({ controllers: { works }, policies: [] }).start()
process.send?.({ url })
