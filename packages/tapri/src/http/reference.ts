import { fileURLToPath } from 'node:url'
import { escaped } from './error-page.ts'

export interface ReferenceOptions {
  readonly title: string
  /** Where the API's description is. */
  readonly document: string
  /** Where the page finds its script: `explorerFile`. */
  readonly script: string
}

/** What the page may load and do: its own script and the app's API, nothing from anywhere else. */
export const referencePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** The file of openapi-explorer, which shows the page; undefined where it is not installed. */
export function explorerFile(): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve('openapi-explorer/dist/browser/openapi-explorer.min.js'))
  } catch {
    // an optional package: the page says how to get it
    return undefined
  }
}

/** The page that shows an API to people who write programs for it, and lets them try it. */
export function referencePage({ title, document, script }: ReferenceOptions): string {
  return page(
    title,
    `<script type="module" src="${script}"></script>
<style>body { margin: 0; font-family: system-ui, sans-serif } openapi-explorer { height: 100vh }</style>`,
    `<openapi-explorer spec-url="${document}" hide-server-selection></openapi-explorer>`,
  )
}

/** The page in its place where the package is missing. */
export function missingExplorerPage(title: string, document: string): string {
  return page(
    title,
    '<style>body { font: 1rem/1.5 system-ui; margin: 4rem auto; max-width: 40rem; padding: 0 1rem }</style>',
    `<h1>${escaped(title)}</h1>
<p>This page shows the API with a package that is not installed:</p>
<pre>npm install --save-dev openapi-explorer</pre>
<p>Programs read <a href="${document}">${document}</a>.</p>`,
  )
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escaped(title)} reference</title>
${head}
</head>
<body>
${body}
</body>
</html>
`
}
