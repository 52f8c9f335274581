// `npm run build`: the package as it is published, in packages/tapri/dist.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, prepare, root, runNode, say, Trouble } from './bootstrap.mjs'
import { publishedManifest } from './build/manifest.mjs'

const source = join(root, 'packages', 'tapri')
const target = join(source, 'dist')

await main(async () => {
  await prepare()
  say('Building packages/tapri/dist …')
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })

  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const code = await runNode(tsc, ['-p', join(root, 'scripts', 'build', 'tsconfig.json')])
  if (code !== 0) throw new Trouble(`Cannot build: tsc ended with ${code}, its words are above`)

  cpSync(join(source, 'bin'), join(target, 'bin'), { recursive: true })
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(join(root, file), join(target, file))
  const manifest = publishedManifest(JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')))
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return 0
})
