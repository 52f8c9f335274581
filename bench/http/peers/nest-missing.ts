import { type ArgumentsHost, Catch, NotFoundException } from '@nestjs/common'
import type { HttpAdapterHost } from '@nestjs/core'
import { notFound, problemType } from '../rows/missing.ts'

/** Answers with the problem document of this benchmark on either platform. */
export class MissingFilter {
  readonly #host: HttpAdapterHost

  constructor(host: HttpAdapterHost) {
    this.#host = host
  }

  catch(_error: NotFoundException, host: ArgumentsHost): void {
    const { httpAdapter } = this.#host
    const http = host.switchToHttp()
    const response: unknown = http.getResponse()
    httpAdapter.setHeader(response, 'Content-Type', problemType)
    httpAdapter.reply(response, JSON.stringify(notFound(httpAdapter.getRequestUrl(http.getRequest()))), 404)
  }
}
Catch(NotFoundException)(MissingFilter)
