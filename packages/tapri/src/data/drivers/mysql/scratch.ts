import { randomBytes } from 'node:crypto'
import type { Scratch } from '../scratch.ts'
import { openServer } from './server.ts'
import { readUrl } from './url.ts'

/** A database of its own on the server that the URL names. */
export async function scratchMysql(url: string): Promise<Scratch> {
  const place = new URL(url)
  const name = `test_${randomBytes(8).toString('hex')}`
  place.pathname = `/${name}`
  await onServer(url, `create database ${name}`)
  return { url: place.href, dispose: () => onServer(url, `drop database if exists ${name}`) }
}

async function onServer(url: string, statement: string): Promise<void> {
  const server = await openServer(readUrl(url))
  try {
    const session = await server.connect({ timeout: 0 })
    await session.run(statement)
    session.close()
  } finally {
    await server.close()
  }
}
