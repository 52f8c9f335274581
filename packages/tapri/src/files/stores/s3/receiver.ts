import { notFound } from '../../../kit/errors.ts'
import type { PartReceiver, Receiver } from '../send.ts'
import type { Bucket, Upload } from './bucket.ts'

interface ReceiverOptions {
  readonly name: string
  readonly partSize: number
  readonly mostParts: number
}

/** How S3 takes a file: at once, or in parts that it joins. */
export function receiverOf(bucket: Bucket, { name, partSize, mostParts }: ReceiverOptions): Receiver {
  let upload: Upload | undefined
  return {
    partSize,
    mostParts,
    parallel: 2,
    whole: (bytes, signal) => bucket.put(name, bytes, { signal }),
    async begin() {
      upload = await bucket.createUpload(name)
      return partsOf(bucket, upload)
    },
    async discard() {
      if (upload !== undefined) await bucket.abortUpload(upload)
      // the answer to the last request may have been lost
      await bucket.delete(name)
    },
  }
}

function partsOf(bucket: Bucket, upload: Upload): PartReceiver {
  const sent: { number: number; etag: string }[] = []
  return {
    async send({ number, bytes }, signal) {
      sent.push({ number, etag: await bucket.sendPart(upload, { number, bytes }, signal) })
    },
    async finish() {
      sent.sort((one, other) => one.number - other.number)
      if (await bucket.completeUpload(upload, sent)) return
      // a first answer that was lost makes a second request come too late
      if ((await bucket.head(upload.name)) === undefined) throw notFound('The upload was ended from elsewhere')
    },
  }
}
