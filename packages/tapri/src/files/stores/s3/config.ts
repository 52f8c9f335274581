import type { S3Url } from './url.ts'

interface ClientConfig {
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly forcePathStyle: boolean
  readonly maxAttempts: number
  readonly requestChecksumCalculation: 'WHEN_REQUIRED'
  readonly responseChecksumValidation: 'WHEN_REQUIRED'
  readonly requestHandler: {
    readonly connectionTimeout: number
    readonly socketTimeout: number
    readonly httpAgent: { readonly maxSockets: number }
    readonly httpsAgent: { readonly maxSockets: number }
  }
}

/** What the client of the SDK is told. */
export function configOf(url: S3Url, endpoint: string | undefined): ClientConfig {
  return {
    ...(url.region !== undefined && { region: url.region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(url.credentials !== undefined && { credentials: url.credentials }),
    forcePathStyle: url.isPathStyle,
    maxAttempts: 4,
    // bodies are signed with their SHA-256 already, and not every server knows Amazon's newer checksums
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5000,
      // a reader that waits longer is served anew from where it was
      socketTimeout: 60_000,
      httpAgent: { maxSockets: 512 },
      httpsAgent: { maxSockets: 512 },
    },
  }
}
