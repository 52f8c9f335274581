import { HttpAdapterHost, NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { Response } from 'express'
import { securityHeaders } from '../row.ts'
import { folder } from '../rows/file.ts'
import { listening } from './listening.ts'
import { BenchModule } from './nest-app.ts'
import { MissingFilter } from './nest-missing.ts'

const app = await NestFactory.create<NestExpressApplication>(BenchModule, { logger: false })
app.disable('x-powered-by')
app.use((_request: unknown, response: Response, next: () => void) => {
  response.set(securityHeaders)
  next()
})
app.useStaticAssets(folder, { prefix: '/files/' })
app.useGlobalFilters(new MissingFilter(app.get(HttpAdapterHost)))
await app.listen(0, '127.0.0.1')
listening(Number(new URL(await app.getUrl()).port))
