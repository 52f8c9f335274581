import type { IncomingMessage } from 'node:http'
import { impersonal } from '../kit/impersonal.ts'

export interface UpgradeView {
  readonly request: IncomingMessage
  /** Whether the handler looked at something that may differ between two sockets. */
  isPersonal(): boolean
}

/**
 * The request of a socket, for one run: notes whether the answer may depend on its cookies, headers or address. Such an
 * answer must not be shared, or one visitor would be sent another's.
 */
export function viewUpgrade(upgrade: IncomingMessage): UpgradeView {
  let personal = false
  const request = new Proxy(upgrade, {
    get(target, property) {
      if (!impersonal.has(property) && typeof property === 'string') personal = true
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { request, isPersonal: () => personal }
}
