// Bun.serve with its own router: the floor on Bun.
import { filePath } from '../rows/file.ts'
import { collections } from '../rows/routes.ts'
import { listening } from './listening.ts'
import { type BunRequest, bun } from './runtimes.ts'
import { collected, file, item, json, list, missing, plaintext, stream, throughSteps, user } from './web-answers.ts'

const { port } = bun().serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/plaintext': { GET: plaintext },
    '/json': { GET: json },
    '/list': { GET: list },
    '/users/:id': { GET: (request) => user(request, request.params.id ?? '') },
    '/items': { POST: item },
    '/middleware': { GET: throughSteps },
    '/files/kites.txt': { GET: (request) => file(request, () => bun().file(filePath)) },
    '/stream': { GET: stream },
    ...Object.fromEntries(
      collections.map(({ number, path }) => [
        `${path}/:id`,
        { GET: (request: BunRequest) => collected(request, number, request.params.id ?? '') },
      ]),
    ),
  },
  fetch: missing,
})
listening(port)
