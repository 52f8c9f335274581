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

// Every pattern takes linear time: `npm run check -- patterns` proves it
// half a token or more: what is shorter opens nothing, and tables are called `tapri_sessions`
const ownTokens = /tapri_[0-9A-Za-z]{24,}/g
const bearers = /\b(bearer\s{1,4})[\w.~+/=-]{6,}/gi
const basics = /\b(basic\s{1,4})([A-Za-z0-9+/=_-]{4,})/gi
const urlPasswords = /:\/\/([^\s/:]*):[^\s/]*@/g
const assigning = /password|passwd|pwd|secret|token|api[-_]?key|authorization|cookie/i
/** A name, and what assigns to it if something does. */
const names = /[\w-]+((?:\\?["']\s{0,4}:|=)\s{0,4})?/g
const assigned = /\\"[^"]*"?|"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?|[^\s,;&"'}]+/y

function redactCredentials(text: string): string {
  // most texts hold none of the characters that a credential needs
  if (text.length < 8) return text
  const clean = text
    .replace(ownTokens, `tapri_${redacted}`)
    .replace(bearers, `$1${redacted}`)
    .replace(basics, (whole, scheme: string, credential: string) =>
      // "basic training" is no credential: those are base64 of name:password
      Buffer.from(credential, 'base64').includes(58) ? scheme + redacted : whole,
    )
    .replace(urlPasswords, `://$1:${redacted}@`)
  return assigning.test(clean) ? redactAssigned(clean) : clean
}

/** Without the values that are assigned to secret names: `password=…`, `"token": "…"`. */
function redactAssigned(text: string): string {
  let clean = ''
  let kept = 0
  for (let match = names.exec(text); match !== null; match = names.exec(text)) {
    if (match[1] === undefined || !assigning.test(match[0])) continue
    assigned.lastIndex = names.lastIndex
    if (!assigned.test(text)) continue
    clean += text.slice(kept, names.lastIndex) + redacted
    kept = assigned.lastIndex
    names.lastIndex = kept
  }
  return clean + text.slice(kept)
}
