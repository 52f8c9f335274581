import { formatBytes } from '../kit/measures.ts'
import { busError } from './errors.ts'

const longestTopic = 200
/** Bytes of UTF-8. */
export const largestText = 256 * 1024

/** @throws TAPRI_BUS_TOPIC */
export function checkTopic(topic: string): void {
  if (topic.length >= 1 && topic.length <= longestTopic && topic.isWellFormed()) return
  const shown = topic.length > longestTopic ? `${topic.slice(0, 40)}…` : topic
  const rule = `a topic has 1 to ${longestTopic} characters of Unicode`
  throw busError('TAPRI_BUS_TOPIC', `Cannot use the topic "${shown}", which has ${topic.length}: ${rule}`)
}

/** Answers the bytes that it takes.
 * @throws TAPRI_BUS_TEXT */
export function sizeOfText(topic: string, text: string): number {
  const size = Buffer.byteLength(text)
  if (size > largestText) {
    const rule = `at most ${formatBytes(largestText)} is carried, so publish where it can be read`
    throw busError('TAPRI_BUS_TEXT', `Cannot publish to "${topic}": the text has ${formatBytes(size)}, ${rule}`)
  }
  // half a character would arrive as another one
  if (!text.isWellFormed()) {
    throw busError(
      'TAPRI_BUS_TEXT',
      `Cannot publish to "${topic}": the text holds half of a surrogate pair, publish whole characters`,
    )
  }
  return size
}
