import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFor } from './formats.ts'

test('a caller gets the best format that it names, and what everything shows when it names none', () => {
  const cases: [string | undefined, string][] = [
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'best'],
    ['IMAGE/AVIF', 'best'],
    ['image/webp,*/*', 'webp'],
    ['image/avif;q=0, image/webp', 'webp'],
    ['image/avif; q=0.000, image/webp;q=0.0', 'plain'],
    ['image/avif;q=0.001', 'best'],
    ['*/*', 'plain'],
    ['image/*', 'plain'],
    ['text/html', 'plain'],
    ['', 'plain'],
    [undefined, 'plain'],
  ]
  for (const [accept, format] of cases) assert.equal(formatFor('auto', accept), format, accept)
})

test('a format that is declared is what everybody gets', () => {
  assert.equal(formatFor('jpeg', 'image/avif'), 'jpeg')
  assert.equal(formatFor('avif', undefined), 'avif')
})
