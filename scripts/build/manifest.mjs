/** The published package.json: the repository's own, its doors pointing at what was built. */
export function publishedManifest(manifest) {
  const { private: _private, scripts: _scripts, devDependencies: _devDependencies, ...kept } = manifest
  return {
    ...kept,
    exports: Object.fromEntries(Object.entries(manifest.exports).map(([door, path]) => [door, builtDoor(path)])),
    files: ['bin', 'lib', 'CHANGELOG.md'],
  }
}

function builtDoor(path) {
  if (!path.endsWith('.ts')) return path
  const base = path.replace(/^\.\/src\//, './lib/').slice(0, -3)
  return { types: `${base}.d.ts`, default: `${base}.js` }
}
