// Node cannot strip decorators, and need not: a decorator is a function, called here by hand on what it would stand above.
import 'reflect-metadata'
import {
  BadRequestException,
  Body,
  Controller,
  DefaultValuePipe,
  Get,
  Header,
  HttpCode,
  type MiddlewareConsumer,
  Module,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Req,
  StreamableFile,
} from '@nestjs/common'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { greeting } from '../rows/plaintext.ts'
import type { Item } from '../rows/post.ts'
import { collections } from '../rows/routes.ts'
import { streamOfPieces, streamSize } from '../rows/stream.ts'
import { itemSchema } from './item.ts'

/** What both platforms hand to middleware, and under `raw` to handlers on one of them. */
interface Counted {
  passed?: number
}

class Bench {
  plaintext() {
    return greeting
  }
  json() {
    return small
  }
  list() {
    return hundred
  }
  user(id: string, page: number) {
    return { id, page }
  }
  item(item: Item) {
    return item
  }
  middleware(request: Counted & { readonly raw?: Counted }) {
    return { passed: (request.raw ?? request).passed }
  }
  stream() {
    return new StreamableFile(streamOfPieces(), { type: 'application/octet-stream', length: streamSize })
  }
}

/** As in Nest's own guide to validation with zod. */
const itemPipe = {
  transform(value: unknown): Item {
    const checked = itemSchema.safeParse(value)
    if (checked.success) return checked.data
    throw new BadRequestException('Validation failed')
  },
}

decorate('plaintext', Get('/plaintext'), Header('Content-Type', 'text/plain; charset=utf-8'))
decorate('json', Get('/json'))
decorate('list', Get('/list'))
decorate('user', Get('/users/:id'))
Param('id')(Bench.prototype, 'user', 0)
Query('page', new DefaultValuePipe(1), ParseIntPipe)(Bench.prototype, 'user', 1)
decorate('item', Post('/items'), HttpCode(200))
Body(itemPipe)(Bench.prototype, 'item', 0)
decorate('middleware', Get('/middleware'))
Req()(Bench.prototype, 'middleware', 0)
decorate('stream', Get('/stream'))
for (const { number, path } of collections) {
  const name = `collection${number}`
  const value = (id: string) => ({ collection: number, id })
  Object.defineProperty(Bench.prototype, name, { value, writable: true, configurable: true })
  decorate(name, Get(`${path}/:id`))
  Param('id')(Bench.prototype, name, 0)
}
Controller()(Bench)

function decorate(name: string, ...decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(Bench.prototype, name)
  if (descriptor === undefined) throw new Error(`Cannot decorate "${name}": the class has no such method`)
  for (const decorator of decorators) decorator(Bench.prototype, name, descriptor)
}

/** The app's one module, the same on Express and on Fastify. */
export class BenchModule {
  configure(consumer: MiddlewareConsumer): void {
    const step = async (request: Counted, _response: unknown, next: () => void) => {
      request.passed = (request.passed ?? 0) + 1
      next()
    }
    consumer.apply(...Array.from({ length: depth }, () => step)).forRoutes('/middleware')
  }
}
Module({ controllers: [Bench] })(BenchModule)
