const deepest = 500

/**
 * Why a JSON value is not kept. One row with such a value would break every question by a path for everybody, since some
 * databases fail at what they cannot look into.
 */
export function whyNoDatabase(value: unknown, levels = deepest): string | undefined {
  if (typeof value === 'string') return whyNoText(value)
  if (typeof value !== 'object' || value === null) return undefined
  if (levels === 0) return `must not be nested more than ${deepest} levels deep`
  for (const [name, inner] of Object.entries(value)) {
    const why = whyNoText(name) ?? whyNoDatabase(inner, levels - 1)
    if (why !== undefined) return why
  }
  return undefined
}

function whyNoText(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain the NUL character'
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode'
}
