/** The status that S3 answered with, of an error of its SDK; undefined when there was no answer. */
export function statusOf(cause: unknown): number | undefined {
  if (!(cause instanceof Error && '$metadata' in cause)) return undefined
  const { $metadata: metadata } = cause
  const isTold = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
  return isTold && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}
