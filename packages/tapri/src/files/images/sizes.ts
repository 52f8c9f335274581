import type { VariantFacts } from '../../schema/index.ts'
import type { Format } from './formats.ts'

/** The part of a picture that is a size which its field does not declare: its URL says which. */
export const adHoc = 'variant'

/** A size as a query says it: what it does not say is null. */
export interface AskedSize {
  readonly width?: number | null
  readonly height?: number | null
  readonly fit?: 'cover' | 'inside' | null
  readonly format?: 'auto' | 'avif' | 'webp' | 'jpeg' | 'png' | null
  readonly quality?: number | null
}

/** The same text for the same size, whoever asks for it and under whatever name. */
export function sizeText({ width, height, fit = 'cover', quality }: VariantFacts): string {
  const hasBoth = width !== undefined && height !== undefined
  return `${width ?? ''}x${height ?? ''}${hasBoth ? `-${fit}` : ''}${quality === undefined ? '' : `-q${quality}`}`
}

/** What a picture of this size and format is kept as. */
export function renditionName(size: VariantFacts, format: Format): string {
  return `${sizeText(size)}.${format}`
}

export function askedSize({ width, height, fit, format, quality }: AskedSize): VariantFacts {
  return {
    ...(typeof width === 'number' && { width }),
    ...(typeof height === 'number' && { height }),
    ...(typeof fit === 'string' && { fit }),
    ...(typeof format === 'string' && { format }),
    ...(typeof quality === 'number' && { quality }),
  }
}

/** What is signed for a size of a file that its field does not declare. */
export function sizeClaim(file: string, size: VariantFacts): string {
  return JSON.stringify(['size', file, sizeText(size), size.format ?? 'auto'])
}
