import type { Block, Container } from './container.ts'

/** Bytes of a block, unless a sender stops earlier. */
export const blockSize = 8 * 1024 ** 2
/** As many as one blob may have. */
export const mostBlocks = 50_000

const digits = 16

/** The name of a block says where in the file it is; all names of a blob have one length, as Azure wants it. */
export function blockId(offset: number): string {
  return Buffer.from(String(offset).padStart(digits, '0')).toString('base64')
}

/** The blocks that follow each other from the first byte on: what came after one that did not come does not count. */
export function chainOf(blocks: readonly Block[]): readonly Block[] {
  const byId = new Map(blocks.map((block) => [block.id, block]))
  const chain: Block[] = []
  let offset = 0
  for (let block = byId.get(blockId(0)); block !== undefined; block = byId.get(blockId(offset))) {
    chain.push(block)
    offset += block.size
  }
  return chain
}

/** Removes blocks that were not committed. Azure has no request for it: a blob takes their place and is deleted. */
export async function dropBlocks(container: Container, name: string): Promise<void> {
  if ((await container.blocks(name)).length === 0) return
  // where there is a blob already it is left alone
  if (await container.commit(name, [])) await container.delete(name)
}
