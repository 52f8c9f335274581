import 'reflect-metadata'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import Router from '@koa/router'
import { Body, Controller, Get, Header, Module, NotFoundException, Param, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { fromExpress, fromFetch } from 'tapri'

export interface Kite {
  readonly id: string
  readonly name: string
}

/** What the old app and the new one share while both are there. */
export class Kites {
  readonly #rows: Kite[] = [
    { id: '1', name: 'delta' },
    { id: '2', name: 'box' },
  ]
  list(): readonly Kite[] {
    return this.#rows
  }
  find(id: string): Kite | undefined {
    return this.#rows.find((kite) => kite.id === id)
  }
  add(name: string): Kite {
    const kite = { id: String(this.#rows.length + 1), name }
    this.#rows.push(kite)
    return kite
  }
}

type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown
type Mount = ReturnType<typeof fromExpress> | ReturnType<typeof fromFetch>

/** An app as it was before: by itself, and as what a Tapri app mounts. */
export interface OldApp {
  readonly alone: NodeHandler
  readonly mount: Mount
}

function expressApp(kites: Kites): OldApp {
  const app = express()
    .use(express.json())
    .get('/health', (_request, response) => void response.type('text').send('ok'))
    .get('/api/kites', (_request, response) => void response.json(kites.list()))
    .get('/api/kites/:id', (request, response) => {
      const kite = kites.find(request.params.id)
      if (kite === undefined) response.status(404).json({ message: 'No such kite' })
      else response.json(kite)
    })
    .post('/api/kites', (request, response) => void response.status(201).json(kites.add(request.body.name)))
  return { alone: app, mount: fromExpress(app) }
}

function koaApp(kites: Kites): OldApp {
  const router = new Router()
    .get('/health', (context) => {
      context.body = 'ok'
    })
    .get('/api/kites', (context) => {
      context.body = kites.list()
    })
    .get('/api/kites/:id', (context) => {
      context.body = kites.find(String(context.params.id)) ?? context.throw(404, 'No such kite')
    })
    .post('/api/kites', async (context) => {
      const text = await Readable.from(context.req).toArray()
      context.status = 201
      context.body = kites.add(JSON.parse(Buffer.concat(text).toString()).name)
    })
  const app = new Koa().use(router.routes())
  app.silent = true
  return { alone: app.callback(), mount: fromExpress(app.callback()) }
}

async function fastifyApp(kites: Kites): Promise<OldApp> {
  const app = fastify()
  app.get('/health', () => 'ok')
  app.get('/api/kites', () => kites.list())
  app.get<{ Params: { id: string } }>('/api/kites/:id', (request, reply) => {
    return kites.find(request.params.id) ?? reply.code(404).send({ message: 'No such kite' })
  })
  app.post<{ Body: { name: string } }>('/api/kites', (request, reply) => reply.code(201).send(kites.add(request.body.name)))
  await app.ready()
  const handler: NodeHandler = (request, response) => app.routing(request, response)
  return { alone: handler, mount: fromExpress(handler) }
}

function honoApp(kites: Kites): OldApp {
  const app = new Hono()
    .get('/health', (context) => context.text('ok'))
    .get('/api/kites', (context) => context.json(kites.list()))
    .get('/api/kites/:id', (context) => {
      const kite = kites.find(context.req.param('id'))
      return kite === undefined ? context.json({ message: 'No such kite' }, 404) : context.json(kite)
    })
    .post('/api/kites', async (context) => context.json(kites.add((await context.req.json()).name), 201))
  return { alone: answerBy(app.fetch), mount: fromFetch(app.fetch) }
}

/** As a server for web-standard apps does it. */
function answerBy(handler: (request: Request) => Response | Promise<Response>): NodeHandler {
  return async (request, response) => {
    const parts = await Readable.from(request).toArray()
    const body = parts.length === 0 ? null : Buffer.concat(parts)
    const { url = '/', method = 'GET' } = request
    const answer = await handler(new Request(new URL(url, 'http://localhost'), { method, body }))
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()))
  }
}

async function nestApp(kites: Kites): Promise<OldApp> {
  class KiteController {
    health() {
      return 'ok'
    }
    list() {
      return kites.list()
    }
    one(id: string) {
      const kite = kites.find(id)
      if (kite === undefined) throw new NotFoundException('No such kite')
      return kite
    }
    add(body: { name: string }) {
      return kites.add(body.name)
    }
  }
  class KiteModule {}
  // Node cannot strip decorators: they are called by hand on what they would stand above
  const above = (name: 'health' | 'list' | 'one' | 'add', ...decorators: readonly MethodDecorator[]) => {
    const descriptor = Object.getOwnPropertyDescriptor(KiteController.prototype, name) ?? {}
    for (const decorate of decorators) decorate(KiteController.prototype, name, descriptor)
  }
  above('health', Get('health'), Header('content-type', 'text/plain'))
  above('list', Get('api/kites'))
  above('one', Get('api/kites/:id'))
  Param('id')(KiteController.prototype, 'one', 0)
  above('add', Post('api/kites'))
  Body()(KiteController.prototype, 'add', 0)
  Controller()(KiteController)
  Module({ controllers: [KiteController] })(KiteModule)
  const app = await NestFactory.create(KiteModule, { logger: false })
  await app.init()
  const handler: express.Express = app.getHttpAdapter().getInstance()
  return { alone: handler, mount: fromExpress(handler) }
}

/** How each framework's app is made, by its name. */
export const oldApps: Readonly<Record<string, (kites: Kites) => OldApp | Promise<OldApp>>> = {
  Express: expressApp,
  Koa: koaApp,
  Fastify: fastifyApp,
  Nest: nestApp,
  Hono: honoApp,
}
