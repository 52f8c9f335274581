import type { StoredAudio, StoredFile, StoredImage, StoredVideo, VariantFacts } from '../schema/index.ts'
import type { Captions } from './media/captions.ts'
import type { SignOptions } from './signing.ts'

/**
 * Who sends the bytes of files once it is clear that a caller may have them: the store, to whose URL the caller is redirected, or
 * the server in front (`X-Accel-Redirect` for nginx, `X-Sendfile` for Apache and lighttpd), which is told the path; what it begins
 * with, `from`, is told as `to`. Where the store has no URLs, or no files of this machine, this process sends them all the same.
 */
export type SendBy =
  | 'store'
  | { readonly header: 'X-Accel-Redirect' | 'X-Sendfile'; readonly from?: string; readonly to?: string }

export interface SignedUrlOptions extends SignOptions {
  /** How long the URL works: milliseconds or a text like `1h`. */
  readonly expires: number | string
  /** What was made of the file: a variant, `poster`, `stream.m3u8`; the file itself unless told. */
  readonly part?: string
}

/** What handlers do with films, recordings and live streams. */
export interface FilmActions {
  /** Stops making it ready; what is finished stays, and it plays as it came.
   * @throws TAPRI_NOT_FOUND
   * @example await files.cancel(video.film) */
  cancel(film: StoredAudio): Promise<void>
  /** Makes one ready that was cancelled or failed, or that came before its field was one for films.
   * @throws TAPRI_NOT_FOUND
   * @example await files.retry(video.film) */
  retry(film: StoredAudio): Promise<void>
  /** Adds captions in WebVTT to a film, in place of those in the same language (BCP 47, like `en` or `pt-BR`).
   * @throws TAPRI_FILES_CAPTIONS, TAPRI_NOT_FOUND
   * @example await files.addCaptions(video.film, { language: 'en', label: 'English', text }) */
  addCaptions(film: StoredVideo, captions: Captions): Promise<void>
  /** A URL to which an encoder sends what the `stream()` field of a row shows then, by PUT or POST. It has a new key: whoever
   * knows it may send, and the URL before it is void.
   * @throws TAPRI_NOT_FOUND
   * @example await files.newPushUrl({ model: 'channels', id: channel.id, field: 'live' }) */
  newPushUrl(place: { readonly model: string; readonly id: string; readonly field: string }): Promise<string>
}

/** What handlers do with the files that rows show. */
export interface FileActions extends FilmActions {
  /** A URL that opens the file for whoever has it, until it expires; with `ip` only from that address.
   * @throws TAPRI_KIT_DURATION, TAPRI_FILES_ADDRESS
   * @example files.signedUrl(video.source, { expires: '1h' }) */
  signedUrl(file: StoredFile, options: SignedUrlOptions): string
  /** A URL of the picture in a size that its field does not declare, for those who may read the row.
   * @throws TAPRI_KIT_FILE for a size that cannot be made
   * @example files.variantUrl(user.avatar, { width: 48, height: 48 }) */
  variantUrl(file: StoredImage, size: VariantFacts): string
}
