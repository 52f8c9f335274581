import type { Commit } from '../../data/index.ts'
import type { Dependent } from '../hub.ts'
import { Identity } from '../identity.ts'
import type { LiveCaller } from '../types.ts'
import { Rule } from './rule.ts'
import type { Watch } from './seam.ts'

/** Puts in doubt who calls, and whom rules have let in, by what these commits change; the log tells of them to everybody later. */
export function doubtBy<C extends LiveCaller>({ atWork, interests }: Watch<C>, commits: readonly Commit[]): void {
  const touched = new Set<Dependent>()
  for (const commit of commits) {
    for (const each of atWork) if (isStanding(each)) each.onCommit(commit)
    for (const change of commit.changes) interests.touched(change, touched)
  }
  for (const each of touched) if (isStanding(each)) each.onTouched()
}

function isStanding(each: object): each is Rule<LiveCaller> | Identity<LiveCaller> {
  return each instanceof Rule || each instanceof Identity
}
