import type { FieldFacts } from './field.ts'

/** What fields of all kinds have. */
export function common(options: { default?: unknown; unique?: boolean | undefined }) {
  return {
    optional: false,
    private: false,
    unique: options.unique ?? false,
    ...(options.default !== undefined && { default: options.default }),
  }
}

// The phantom keys `~out`, `~in`, `~target` … exist in types only; this is the one place that says so.
export function field<F>(facts: FieldFacts): F {
  return { '~field': facts } as F
}
