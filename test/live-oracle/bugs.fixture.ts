import { Hub } from '../../packages/tapri/src/live/hub.ts'
import { Identity } from '../../packages/tapri/src/live/identity.ts'
import { KeptReads } from '../../packages/tapri/src/live/kept/kept-reads.ts'

/** Bugs that a node can be given, to see that they are found. */
export const bugs: Readonly<Record<string, () => void>> = {
  'a node overlooks a commit now and then': () => {
    const { onCommit } = Hub.prototype
    let count = 0
    Hub.prototype.onCommit = function (commit) {
      if (++count % 5 !== 0) onCommit.call(this, commit)
    }
  },
  'an answer is given to whoever asks the same': () => {
    const { join } = Hub.prototype
    Hub.prototype.join = function (subscriber) {
      Object.assign(this.options, { opened: () => '' })
      return join.call(this, subscriber)
    }
  },
  'a change of who calls is not noticed': () => {
    Identity.prototype.onTouched = () => {}
  },
  'what is kept is not kept up to date': () => {
    KeptReads.prototype.onCommit = () => {}
  },
}
