import { request } from 'node:http'
import { type Row, securityHeaders } from './row.ts'

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Asks once, over a connection of its own. */
export function ask(origin: string, { path, body }: Pick<Row, 'path' | 'body'>): Promise<Received> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const options = { method: body === undefined ? 'GET' : 'POST', agent: false, headers, timeout: 10_000 }
    const asking = request(origin + path, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    asking.on('timeout', () => asking.destroy(new Error(`no answer to ${path} within 10 seconds`)))
    asking.on('error', reject)
    asking.end(body)
  })
}

/** What is wrong with what a server answers to a row; empty when it may be measured. */
export async function faultsOf(origin: string, row: Row): Promise<readonly string[]> {
  try {
    const faults = differences(row, await ask(origin, row))
    for (const refused of row.refused ?? []) {
      const { status } = await ask(origin, refused)
      if (status < 400 || status > 499)
        faults.push(`it answers ${status} to ${refused.path} with ${refused.body ?? 'no body'}, which is to be refused`)
    }
    return faults
  } catch (error) {
    return [`it does not answer: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function differences(row: Row, { status, headers, body }: Received): string[] {
  const faults: string[] = []
  if (status !== row.status) faults.push(`its status is ${status}, not ${row.status}`)
  const [type = '', ...parameters] = String(headers['content-type'])
    .toLowerCase()
    .split(/\s*;\s*/)
  if (type !== row.type) faults.push(`its type is ${type}, not ${row.type}`)
  if (parameters.some((parameter) => parameter !== 'charset=utf-8')) faults.push(`its type has ${parameters.join(', ')}`)
  for (const [name, value] of Object.entries(securityHeaders)) {
    const own = headers[name.toLowerCase()]
    if (own !== value) faults.push(`its ${name} is ${own}, not ${value}`)
  }
  if (!isSame(row, body)) faults.push(`its body of ${body.length} bytes is another: ${body.toString('utf8', 0, 80)}`)
  return faults
}

function isSame({ answer, settled }: Row, body: Buffer): boolean {
  const own = settled === undefined ? body : Buffer.from(settled(body.toString()))
  return own.equals(typeof answer === 'string' ? Buffer.from(answer) : answer)
}
