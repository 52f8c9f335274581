/** Whether S3 says that there is no such file or upload. */
export function isMissing(cause: unknown): boolean {
  // a missing bucket is 404 too, and no answer to a question about a file
  return statusOf(cause) === 404 && nameOf(cause) !== 'NoSuchBucket'
}

export function statusOf(cause: unknown): number | undefined {
  if (!(cause instanceof Error && '$metadata' in cause)) return undefined
  const { $metadata: metadata } = cause
  const isTold = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
  return isTold && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

/** Its word for what is wrong. */
export function nameOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
}
