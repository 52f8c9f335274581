import { test } from 'node:test'
import { directClaims } from './conformance/direct.ts'
import { pieceClaims } from './conformance/pieces.ts'
import type { Claim, StoreUnderTest } from './conformance/under-test.ts'
import { wholeClaims } from './conformance/whole.ts'
import { openStore } from './stores/open.ts'

/**
 * What every store must do, as tests of `node:test`, each in an empty place.
 * @example storeConformance('disk', { place: async () => `disk:${await newFolder()}` })
 */
export function storeConformance(name: string, maker: StoreUnderTest): void {
  const claim = claimsOf(name, maker)
  wholeClaims(claim, maker)
  pieceClaims(claim)
  if (maker.direct !== undefined) directClaims(claim, maker.direct)
}

/** The part of it that is about URLs for browsers. */
export function directConformance(name: string, maker: StoreUnderTest & Pick<Required<StoreUnderTest>, 'direct'>): void {
  directClaims(claimsOf(name, maker), maker.direct)
}

function claimsOf(name: string, maker: StoreUnderTest): Claim {
  return (text, check) => {
    test(`the ${name} store ${text}`, { skip: maker.skip ?? false }, async () => {
      const url = await maker.place()
      const store = await openStore(url)
      try {
        await check({ store, url, leftovers: async () => (await maker.leftovers?.(url)) ?? [] })
      } finally {
        await store.close()
      }
    })
  }
}
