import { SyntaxKind } from 'typescript/unstable/ast'
import { createScanner, type Scanner } from 'typescript/unstable/ast/scanner'
import { lineAt } from './sources.ts'

/** A regular expression as the code writes it. */
export interface Pattern {
  readonly source: string
  readonly flags: string
  readonly line: number
}

/** A regular expression whose text is made when it runs, so that nobody can judge it here. */
export interface Unknown {
  readonly line: number
}

interface Token {
  readonly kind: SyntaxKind
  readonly start: number
  readonly text: string
  /** What a string says, its escapes read. */
  readonly value: string
}

/** The regular expressions of a source: literals, and the texts that RegExp is called with. */
export function patternsOf(text: string): { readonly patterns: readonly Pattern[]; readonly unknown: readonly Unknown[] } {
  const tokens = tokensOf(text)
  const patterns: Pattern[] = []
  const unknown: Unknown[] = []
  for (const [index, token] of tokens.entries()) {
    const line = lineAt(text, token.start)
    if (token.kind === SyntaxKind.RegularExpressionLiteral) {
      const end = token.text.lastIndexOf('/')
      patterns.push({ source: token.text.slice(1, end), flags: token.text.slice(end + 1), line })
    }
    if (token.text !== 'RegExp' || tokens[index + 1]?.kind !== SyntaxKind.OpenParenToken) continue
    const called = argumentsOf(tokens, index + 2)
    const [source, flags] = called
    if (isText(source)) patterns.push({ source: source[0].value, flags: isText(flags) ? flags[0].value : '', line })
    // a copy of one that is judged where it is written
    else if (source?.at(-1)?.text !== 'source' && source?.at(0)?.kind !== SyntaxKind.RegularExpressionLiteral)
      unknown.push({ line })
  }
  return { patterns, unknown }
}

/** The tokens of each argument of a call whose parenthesis is open. */
function argumentsOf(tokens: readonly Token[], from: number): readonly (readonly Token[])[] {
  const all: Token[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(from)) {
    if (opening.has(token.kind)) depth++
    if (closing.has(token.kind) && depth-- === 0) return all
    if (token.kind === SyntaxKind.CommaToken && depth === 0) all.push([])
    else all.at(-1)?.push(token)
  }
  return all
}

function isText(argument: readonly Token[] | undefined): argument is readonly [Token] {
  const kind = argument?.[0]?.kind
  return argument?.length === 1 && (kind === SyntaxKind.StringLiteral || kind === SyntaxKind.NoSubstitutionTemplateLiteral)
}

function tokensOf(text: string): readonly Token[] {
  const scanner = createScanner(true)
  scanner.setText(text)
  const tokens: Token[] = []
  /** Of each parenthesis and brace that is open: what stood before it. */
  const open: Token[] = []
  let opener: Token | undefined
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    const before = tokens.at(-1)
    const isMember = memberSigns.has(tokens.at(-2)?.kind)
    const real = rescanned(scanner, kind, { isValue: isMember || isValueEnd(before, opener), innermost: open.at(-1)?.kind })
    const token = { kind: real, start: scanner.getTokenStart(), text: scanner.getTokenText(), value: scanner.getTokenValue() }
    opener = undefined
    if (real === SyntaxKind.OpenParenToken) open.push(before ?? token)
    if (real === SyntaxKind.OpenBraceToken || real === SyntaxKind.TemplateHead) open.push(token)
    if (real === SyntaxKind.CloseParenToken || real === SyntaxKind.CloseBraceToken || real === SyntaxKind.TemplateTail) {
      opener = open.pop()
    }
    tokens.push(token)
  }
  return tokens
}

/** What a slash or a closing brace is, which the scanner leaves to the parser. */
function rescanned(
  scanner: Scanner,
  kind: SyntaxKind,
  { isValue, innermost }: { readonly isValue: boolean; readonly innermost: SyntaxKind | undefined },
): SyntaxKind {
  if (kind === SyntaxKind.CloseBraceToken && innermost === SyntaxKind.TemplateHead) return scanner.reScanTemplateToken(false)
  if (kind !== SyntaxKind.SlashToken && kind !== SyntaxKind.SlashEqualsToken) return kind
  return isValue ? kind : scanner.reScanSlashToken()
}

const opening: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.OpenParenToken,
  SyntaxKind.OpenBracketToken,
  SyntaxKind.OpenBraceToken,
  SyntaxKind.TemplateHead,
])
const closing: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.TemplateTail,
])

const valueEnds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.CloseBracketToken,
  SyntaxKind.PlusPlusToken,
  SyntaxKind.MinusMinusToken,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.PrivateIdentifier,
])
/** What follows is a name, even if it is `case` or `return`. */
const memberSigns: ReadonlySet<SyntaxKind | undefined> = new Set([SyntaxKind.DotToken, SyntaxKind.QuestionDotToken])
const beforeValues = new Set('return typeof case in instanceof void delete throw new else do await yield of extends'.split(' '))

/** Whether a slash that follows divides: it does behind a value, and opens a regular expression everywhere else. */
function isValueEnd(before: Token | undefined, opener: Token | undefined): boolean {
  if (before === undefined) return false
  if (before.kind === SyntaxKind.CloseParenToken) return !['if', 'while', 'for'].includes(opener?.text ?? '')
  return valueEnds.has(before.kind) || (/^[\w$]+$/.test(before.text) && !beforeValues.has(before.text))
}
