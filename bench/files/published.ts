// Loaded before a server: `tapri` is the package as it is published then, as peers come as JavaScript, too.
import { registerHooks } from 'node:module'

const inside = new URL('../../packages/tapri/dist/index.js', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const isOurs = specifier === 'tapri' || specifier.startsWith('tapri/')
    // a package finds itself by its own name
    return next(specifier, isOurs ? { ...context, parentURL: inside } : context)
  },
})
