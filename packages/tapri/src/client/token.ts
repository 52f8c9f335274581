import type { Token } from '../kit/protocol.ts'

/** Whether what stands at `at` has what was written at `wanted`. */
export function isReached(at: Token, wanted: Token): boolean {
  const [epoch, position] = parts(at)
  const [wantedEpoch, wantedPosition] = parts(wanted)
  // another epoch is another history: what was written in the one before is in it, or is lost
  return epoch !== wantedEpoch || position >= wantedPosition
}

function parts(token: Token): [epoch: string, position: number] {
  const dot = token.lastIndexOf('.')
  return [token.slice(0, dot), Number(token.slice(dot + 1))]
}
