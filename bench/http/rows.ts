import type { Row } from './row.ts'
import { file } from './rows/file.ts'
import { json } from './rows/json.ts'
import { list } from './rows/list.ts'
import { middleware } from './rows/middleware.ts'
import { missing } from './rows/missing.ts'
import { param } from './rows/param.ts'
import { plaintext } from './rows/plaintext.ts'
import { post } from './rows/post.ts'
import { routes } from './rows/routes.ts'
import { stream } from './rows/stream.ts'

export const rows: readonly Row[] = [plaintext, json, param, post, list, middleware, routes, file, missing, stream]
