import { formatBytes } from '../../kit/measures.ts'
import { filesError } from '../errors.ts'
import type { Caption } from './playlist.ts'

/** Captions of a film in one language. */
export interface Captions extends Caption {
  /** WebVTT. */
  readonly text: string
}

const mostBytes = 1024 * 1024
// BCP 47 in the forms that players know
const languageForm = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/

/** @throws TAPRI_FILES_CAPTIONS */
export function requireCaptions({ language, label, text }: Captions): void {
  if (!languageForm.test(language)) throw wrong(`"${language.slice(0, 40)}" is no language like "en" or "pt-BR"`)
  if (label.trim() === '' || label.length > 100) throw wrong('a label has 1 to 100 characters, like "English"')
  // WebVTT 4.1: its first line, after which there may be a space and words
  if (!/^\uFEFF?WEBVTT(?:[ \t].*)?(?:\r\n|\n|\r|$)/.test(text)) throw wrong('the text is no WebVTT, whose first line is WEBVTT')
  if (Buffer.byteLength(text) > mostBytes) throw wrong(`the text has more than ${formatBytes(mostBytes)}`)
}

function wrong(why: string) {
  return filesError('TAPRI_FILES_CAPTIONS', `Cannot add the captions: ${why}`)
}
