export const redacted = '[redacted]'

/** Takes secrets out of what is about to be seen. */
export interface Redact {
  /** The text without the secrets in it. */
  text(text: string): string
  /** Whether a value under this name is a secret whatever it holds. */
  key(name: string): boolean
}

const secretNames =
  /password|passwd|passphrase|passcode|pwd|secret|token|authorization|cookie|apikey|privatekey|accesskey|credential|signature|bearer|jwt|^pass$|^auth$/

/** Makes a redactor that also knows these very texts.
 * @example redactor([settings.SESSION_SECRET]).text(line) */
export function redactor(secrets: readonly string[] = []): Redact {
  // longest first: a secret may hold another
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 4).sort((one, other) => other.length - one.length)
  return {
    text(text) {
      let clean = text
      for (const secret of known) {
        if (clean.includes(secret)) clean = clean.replaceAll(secret, redacted)
      }
      return redactCredentials(clean)
    },
    key: isSecretName,
  }
}

function isSecretName(name: string): boolean {
  // a name of more than 100 characters is no name; it is a text and is looked at as one
  return name.length <= 100 && secretNames.test(name.toLowerCase().replace(/[-_ .]/g, ''))
}

// Every pattern takes linear time: bounded before its first certain character, one class after it.
const ownTokens = /tapri_[0-9A-Za-z]+/g
const bearers = /\b(bearer\s{1,4})[\w.~+/=-]{6,}/gi
const basics = /\b(basic\s{1,4})([A-Za-z0-9+/=_-]{4,})/gi
const urlPasswords = /\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@]{0,256}:)[^\s/]{1,1024}@/gi
const assigned =
  /((?:password|passwd|pwd|secret|token|api[-_]?key|authorization|cookie)[\w-]{0,30}(?:\\?["']\s{0,4}:|=)\s{0,4})(\\"[^"]*"?|"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?|[^\s,;&"'}]+)/gi

function redactCredentials(text: string): string {
  // most texts hold none of the characters that a credential needs
  if (text.length < 8) return text
  return text
    .replace(ownTokens, `tapri_${redacted}`)
    .replace(bearers, `$1${redacted}`)
    .replace(basics, (whole, scheme: string, credential: string) =>
      // "basic training" is no credential: those are base64 of name:password
      Buffer.from(credential, 'base64').includes(58) ? scheme + redacted : whole,
    )
    .replace(urlPasswords, `$1${redacted}@`)
    .replace(assigned, `$1${redacted}`)
}
