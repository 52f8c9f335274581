import { readToken, type Token } from '../kit/protocol.ts'

/** Whether what stands at `at` has what was written at `wanted`. */
export function isReached(at: Token, wanted: Token): boolean {
  const [epoch, position] = readToken(at)
  const [wantedEpoch, wantedPosition] = readToken(wanted)
  // another epoch is another history: what was written in the one before is in it, or is lost
  return epoch !== wantedEpoch || position >= wantedPosition
}
