// Deno.serve, which has no router: the floor on Deno.
import { filePath } from '../rows/file.ts'
import { collections } from '../rows/routes.ts'
import { listening } from './listening.ts'
import { deno } from './runtimes.ts'
import * as answers from './web-answers.ts'

const numbers = new Map(collections.map(({ number, path }) => [path, number]))

function answer(request: Request): Response | Promise<Response> {
  const path = answers.pathOf(request.url)
  if (request.method === 'POST' && path === '/items') return answers.item(request)
  if (request.method !== 'GET') return answers.missing(request)
  switch (path) {
    case '/plaintext':
      return answers.plaintext(request)
    case '/json':
      return answers.json(request)
    case '/list':
      return answers.list(request)
    case '/middleware':
      return answers.throughSteps(request)
    case '/files/kites.txt':
      return answers.file(request, async () => (await deno().open(filePath)).readable)
    case '/stream':
      return answers.stream()
  }
  const slash = path.indexOf('/', 1)
  const collection = slash === -1 ? undefined : numbers.get(path.slice(0, slash))
  if (path.startsWith('/users/')) return answers.user(request, decodeURIComponent(path.slice(7)))
  if (collection === undefined) return answers.missing(request)
  return answers.collected(request, collection, decodeURIComponent(path.slice(slash + 1)))
}

const server = deno().serve({ hostname: '127.0.0.1', port: 0, onListen: () => {} }, answer)
listening(server.addr.port)
