import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { TlsFiles } from './certificate.ts'

/** Why there can be no certificate, or false. */
export const withoutOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'the program openssl is not installed'

/** A key and a certificate for this machine that nobody vouches for, as files that go when the test ends. */
export function selfSigned(test: TestContext): TlsFiles & { readonly ca: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-tls-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const made = spawnSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...names])
  if (made.status !== 0) throw new Error(`Cannot make a certificate: ${made.stderr}`)
  return { key, cert, ca: readFileSync(cert) }
}
