import { tapri } from 'tapri'

// An app in a process of its own: node:cluster gives it the socket that its parent listens on.
const { app, controller, visitor } = tapri({ models: {} })

const works = controller('/tea', {
  hi: visitor.get('/hi', () => 'hi'),
  slow: visitor.get('/slow', () => new Promise<string>((resolve) => setTimeout(() => resolve('slow'), 150))),
  never: visitor.get('/never', () => {
    process.send?.('entered')
    return new Promise<string>(() => {})
  }),
})

const { url } = await app({ controllers: { works }, policies: [] }).start()
process.send?.({ url })
