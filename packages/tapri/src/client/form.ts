type Values = Readonly<Record<string, unknown>>

/** Whether files are among the values: only a form carries them. */
export function hasFiles(values: Values): boolean {
  return Object.values(values).some(
    (value) => value instanceof Blob || (Array.isArray(value) && value.some((item) => item instanceof Blob)),
  )
}

/** The values as a form: lists repeat their name, absent values are left out. */
export function formOf(values: Values): FormData {
  const form = new FormData()
  for (const [key, value] of Object.entries(values)) {
    for (const item of Array.isArray(value) ? value : [value]) append(form, key, item)
  }
  return form
}

function append(form: FormData, key: string, value: unknown): void {
  if (value === undefined || value === null) return
  if (value instanceof File) form.append(key, value, value.name)
  else if (value instanceof Blob) form.append(key, value, key)
  else if (value instanceof Date) form.append(key, value.toISOString())
  else form.append(key, typeof value === 'object' ? JSON.stringify(value) : String(value))
}
