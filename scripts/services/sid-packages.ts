import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Missing } from './service.ts'

/** The keys that Debian signs its packages with. */
export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Fetches the packages and all that they need into a folder that is a world of apt's own, in which nothing is installed yet. */
export function download(apt: string, packages: readonly string[]): void {
  for (const path of ['state/lists/partial', 'cache/archives/partial', 'etc/apt.conf.d', 'etc/preferences.d']) {
    mkdirSync(join(apt, path), { recursive: true })
  }
  writeFileSync(join(apt, 'state/status'), '')
  writeFileSync(join(apt, 'etc/sources.list'), `deb [signed-by=${keyring}] ${mirror()} sid main\n`)
  const settings = {
    Dir: `${apt}/`,
    'Dir::State': 'state',
    'Dir::State::status': join(apt, 'state/status'),
    'Dir::Cache': 'cache',
    'Dir::Etc': 'etc',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    // a mirror may lag behind; the signature is checked all the same
    'Acquire::Check-Valid-Until': 'false',
    // the sandbox user of apt cannot write in a folder of ours, and these packages are only read
    'APT::Sandbox::User': '',
  }
  const config = join(apt, 'apt.conf')
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  )
  const run = (...args: string[]): void => runTool('apt-get', args, { APT_CONFIG: config })
  run('update', '-q')
  run('install', '-y', '-q', '--download-only', ...packages)
}

/** The mirror that this machine fetches Debian from. */
function mirror(): string {
  const fallback = 'http://deb.debian.org/debian'
  const sites = execFileSync('apt-get', ['indextargets', '--format', '$(SITE)'], { encoding: 'utf8' }).split('\n')
  return sites.find((site) => /\/debian\/?$/.test(site)) ?? fallback
}

/** Runs a tool of the machine; its last words are the reason when it fails. */
export function runTool(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  try {
    execFileSync(program, args, {
      env: { ...process.env, ...env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (cause) {
    throw new Missing(`${program} ${args[0]} failed: ${lastWords(cause)}`)
  }
}

function lastWords(cause: unknown): string {
  const words = typeof cause === 'object' && cause !== null && 'stderr' in cause ? String(cause.stderr).trim() : String(cause)
  return words.split('\n').slice(-3).join(' ')
}
