// nginx and HAProxy in front of an app, for tests of what comes through them. They run as an unprivileged user, on a port
// and in a folder of their own, and end with this process.
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeHome } from './home.ts'
import { freePort } from './port.ts'
import { findProgram, giveAway, spawnUnprivileged, tailOf } from './process.ts'

export type ProxyName = 'nginx' | 'haproxy'

/** What a proxy took for one request. */
export interface ProxiedRequest {
  /** The port that its client came from. */
  readonly client: number
  readonly status: number
  /** Whether it was handed on to the app. */
  readonly isForwarded: boolean
  readonly method: string
  readonly target: string
}

export interface RunningProxy extends AsyncDisposable {
  readonly port: number
  /** The requests that it has answered and logged so far. */
  log(): readonly ProxiedRequest[]
}

/** Why a proxy cannot be started, or false: the `skip` of a test. */
export function withoutProxy(name: ProxyName): string | false {
  return findProgram(name) === undefined && `${name} is not installed: apt-get install ${packages[name]}`
}

const packages: Readonly<Record<ProxyName, string>> = { nginx: 'nginx-light', haproxy: 'haproxy' }

export interface ProxyOptions {
  /** The port of the app. */
  readonly app: number
  /** A folder that nginx sends files from when the app says so, by X-Accel-Redirect below `/stored/`. */
  readonly files?: string
  /** Milliseconds that a client may be silent in the midst of a request: ten seconds, unless told. */
  readonly patience?: number
}

/**
 * Starts a proxy in front of an app on this machine. It keeps connections to the app, adds the client's address to
 * X-Forwarded-For, and gives up clients that fall silent.
 * @example await using proxy = await openProxy('nginx', { app: 3000 }); await fetch(`http://127.0.0.1:${proxy.port}`)
 */
export async function openProxy(name: ProxyName, { app, files, patience = 10_000 }: ProxyOptions): Promise<RunningProxy> {
  const program = findProgram(name)
  if (program === undefined) throw new Error(`Cannot start ${name}: it is not installed`)
  const home = makeHome()
  giveAway(home)
  const port = await freePort()
  const { config, args, log } = recipes[name]
  writeFileSync(join(home, 'proxy.conf'), config({ port, app, files, patience }))
  const child = spawnUnprivileged(program, args(home), home)
  let words = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  const tail = tailOf(child)
  const close = async (): Promise<void> => {
    const ended = once(child, 'exit')
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended
    rmSync(home, { recursive: true, force: true })
  }
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      await close()
      throw new Error(`Cannot start ${name}. Its words:\n${tail()}`)
    }
    await setTimeout(20)
  }
  return { port, log: () => log(home, words).flatMap(readLine), [Symbol.asyncDispose]: close }
}

interface Setting {
  readonly port: number
  readonly app: number
  readonly files: string | undefined
  readonly patience: number
}

interface Recipe {
  config(setting: Setting): string
  args(home: string): readonly string[]
  /** Its log, line by line, from what it wrote into its folder or to its output. */
  log(home: string, words: string): readonly string[]
}

const recipes: Readonly<Record<ProxyName, Recipe>> = {
  nginx: {
    // as docs/http/proxies.md and docs/files.md show it
    config: ({ port, app, files, patience }) => `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 256; }
http {
  log_format requests '$remote_port|$status|$upstream_addr|$request_method|$request_uri';
  access_log requests.log requests;
  client_header_timeout ${patience}ms;
  client_body_timeout ${patience}ms;
  keepalive_timeout 500ms;
  client_max_body_size 10m;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`).join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream app { server 127.0.0.1:${app}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      # handed on while it comes: what a client does to a body reaches the app
      proxy_request_buffering off;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
    ${files === undefined ? '' : storedFiles(files)}
  }
}
`,
    args: (home) => ['-p', home, '-e', 'stderr', '-c', join(home, 'proxy.conf')],
    log: (home) => readFileSync(join(home, 'requests.log'), 'utf8').split('\n'),
  },
  haproxy: {
    config: ({ port, app, patience }) => `
global
  log stdout format raw local0
  # requests are in the log in the order of their ends
  nbthread 1
  maxconn 256
defaults
  mode http
  log global
  log-format "%cp|%ST|%s|%HM|%HU"
  option forwardfor
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout server 30s
  timeout tunnel 30s
  timeout client ${patience}ms
  timeout http-request ${patience}ms
  timeout http-keep-alive 500ms
frontend clients
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server app 127.0.0.1:${app}
`,
    args: (home) => ['-db', '-f', join(home, 'proxy.conf')],
    log: (_home, words) => words.split('\n'),
  },
}

function storedFiles(folder: string): string {
  return `location /stored/ {
      internal;
      alias ${folder}/;
      add_header Content-Security-Policy $upstream_http_content_security_policy;
      add_header X-Content-Type-Options $upstream_http_x_content_type_options;
    }`
}

function readLine(line: string): readonly ProxiedRequest[] {
  const [client, status, server = '', method = '', ...target] = line.split('|')
  if (client === undefined || !/^\d+$/.test(client)) return []
  const isForwarded = server !== '-' && server !== '' && server !== '<NOSRV>'
  return [{ client: Number(client), status: Number(status), isForwarded, method, target: target.join('|') }]
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    // nobody listens yet
    return false
  } finally {
    socket.destroy()
  }
}
