import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makeHome } from '../../scripts/services/home.ts'
import { freePort } from '../../scripts/services/port.ts'
import { findProgram, giveAway, spawnUnprivileged, tailOf } from '../../scripts/services/process.ts'

/** The program, where it is installed. */
export const nginx = findProgram('nginx')

/** Starts nginx on a folder, one process with `sendfile`, on a core of its own where processes can be kept on one. */
export async function openNginx(program: string, folder: string, pin: readonly string[]) {
  const home = makeHome()
  giveAway(home)
  const port = await freePort()
  writeFileSync(join(home, 'nginx.conf'), config(port, folder))
  const words = ['-p', home, '-e', 'stderr', '-c', join(home, 'nginx.conf')]
  const [command = program, ...args] = [...pin, program, ...words]
  const child = spawnUnprivileged(findProgram(command) ?? command, args, home)
  const tail = tailOf(child)
  const stop = async () => {
    const ended = once(child, 'exit')
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended
    rmSync(home, { recursive: true, force: true })
  }
  while (!(await answers(port))) {
    if (child.exitCode === null && child.signalCode === null) {
      await pause(20)
      continue
    }
    await stop()
    throw new Error(`Cannot start nginx. Its words:\n${tail()}`)
  }
  return { port, pid: child.pid ?? 0, stop }
}

function config(port: number, folder: string): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  sendfile on;
  tcp_nopush on;
  open_file_cache max=100;
  keepalive_requests 1000000;
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`).join(' ')}
  server {
    listen 127.0.0.1:${port} backlog=2048;
    root ${folder};
  }
}
`
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`)
    return true
  } catch {
    // nobody listens yet
    return false
  }
}
