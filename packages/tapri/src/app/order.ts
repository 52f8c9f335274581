import { appError } from './errors.ts'

interface Named {
  readonly name: string
}

/**
 * Each after all that it uses, otherwise as given.
 * @throws TAPRI_APP_RING naming those that wait for each other, TAPRI_APP_MISSING naming one that is not among the items
 */
export function inOrderOfUse<T extends Named>(
  items: readonly T[],
  kind: 'module' | 'service',
  usesOf: (item: T) => readonly T[],
): readonly T[] {
  const ordered = new Set<T>()
  const there = new Set(items)
  for (const item of items) place(item, [])
  return [...ordered]

  function place(item: T, users: readonly T[]): void {
    if (ordered.has(item)) return
    if (users.includes(item)) throw ring(kind, [...users.slice(users.indexOf(item)), item])
    const user = users.at(-1)
    if (!there.has(item) && user !== undefined) throw missing(kind, user, item)
    for (const used of usesOf(item)) place(used, [...users, item])
    ordered.add(item)
  }
}

/** Like `service "mailer"`, for messages. */
export function titleOf(kind: 'module' | 'service', { name }: Named): string {
  return `${kind} "${name}"`
}

function ring(kind: 'module' | 'service', items: readonly Named[]) {
  const path = items.map((item) => titleOf(kind, item)).join(' uses ')
  return appError('TAPRI_APP_RING', `Cannot start: ${path}; take one of these uses out, or put what both need into a third`)
}

function missing(kind: 'module' | 'service', user: Named, used: Named) {
  return appError(
    'TAPRI_APP_MISSING',
    `Cannot start: ${titleOf(kind, user)} uses ${titleOf(kind, used)}, which is not in the app; list it under \`${kind}s\``,
  )
}
