import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Front, Maker } from './maker.ts'
import { runToEnd, versionOf } from './process.ts'
import { Missing } from './service.ts'
import { sidTree } from './sid.ts'
import { fileTree } from './sid-files.ts'

/** moto: all that S3 does, in memory. It believes every signature. */
export const s3: Maker = {
  find() {
    const tree = sidTree(fileTree)
    return {
      version: `moto ${motoVersion(tree.folder)}`,
      initialise: (folder) => runToEnd('mkdir', ['data'], { cwd: folder }),
      serve: ({ port }) => ({
        program: tree.program('usr/bin/python3'),
        args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
        ready: /Running on http/,
        end: 'SIGTERM',
      }),
      url: (port) => urlOf(port, 'test', 'secret'),
      front: (port) => withBucket(urlOf(port, 'test', 'secret')),
    }
  },
}

function motoVersion(folder: string): string {
  const names = readdirSync(join(folder, 'usr/lib/python3/dist-packages'))
  return names.map((name) => /^moto-(\d[\d.]*\d)\b/.exec(name)?.[1]).find((version) => version !== undefined) ?? ''
}

/** The gateway of Ceph on one SQLite file: signatures as S3 has them. Ranges and parts are not as they should be there. */
export const signedS3: Maker = {
  find() {
    const tree = sidTree(fileTree)
    const version = versionOf(tree.program('usr/bin/radosgw'))
    if (version === undefined) throw new Missing('radosgw does not run')
    return {
      version: `radosgw ${version}`,
      async initialise(folder) {
        await runToEnd('mkdir', ['data'], { cwd: folder })
        const user = ['--uid=test', '--display-name=test', '--access-key=testkey', '--secret-key=testsecretkey']
        await runToEnd(tree.program('usr/bin/radosgw-admin'), [...common, 'user', 'create', ...user], { cwd: folder })
      },
      serve: ({ port }) => ({
        program: tree.program('usr/bin/radosgw'),
        args: [...common, '-d', `--rgw_frontends=beast endpoint=127.0.0.1:${port}`],
        ready: /frontend listening on/,
        end: 'SIGKILL',
      }),
      url: (port) => urlOf(port, 'testkey', 'testsecretkey'),
      front: (port) => withBucket(urlOf(port, 'testkey', 'testsecretkey')),
    }
  },
}

/** Relative to the folder of the server: the gateway writes the path into the names of its tables, and folders are copied. */
const settings = Object.entries({
  rgw_backend_store: 'dbstore',
  rgw_config_store: 'dbstore',
  rgw_data: 'data',
  run_dir: 'data',
  admin_socket: 'data/admin.sock',
  dbstore_db_dir: 'data',
  dbstore_db_name_prefix: 'dbstore',
  dbstore_config_uri: 'file:data/config.db',
  // asked for, never called
  mon_host: '127.0.0.1',
  // from here on it says when it listens
  debug_rgw: '4/4',
}).map(([name, value]) => `--${name}=${value}`)

const common = ['-c', '/dev/null', '--no-mon-config', ...settings]

const bucket = 'kites'

function urlOf(port: number, key: string, secret: string): string {
  return `s3://${key}:${secret}@127.0.0.1:${port}/${bucket}?tls=off`
}

/** Makes the bucket that the URL names. */
async function withBucket(url: string): Promise<Front> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const { host, username, password } = new URL(url)
  const client = new S3Client({
    endpoint: `http://${host}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: username, secretAccessKey: password },
  })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return { url, close: async () => {} }
}
