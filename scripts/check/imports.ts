import { lineAt } from './sources.ts'

export interface Import {
  readonly specifier: string
  readonly line: number
  /** Gone at run time. */
  readonly isType: boolean
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*{][^'"`;]*?\sfrom\s+)?['"]([^'"\n]+)['"]/gm
const call = /(\btypeof\s+)?\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g

/** What a source imports or re-exports, in order. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  return [...code.matchAll(statement), ...code.matchAll(call)]
    .map((match) => ({
      specifier: match[2] ?? '',
      line: lineAt(code, match.index + match[0].search(/\S/)),
      isType: match[1] !== undefined,
    }))
    .sort((one, other) => one.line - other.line)
}

/** The text with comments, template texts and patterns blanked, every line where it was. */
export function withoutComments(text: string): string {
  return text.replace(piece, (found) => (/^['"]/.test(found) ? found : found.replace(/[^\n]/g, ' ')))
}

// quoted strings are matched too, so that what looks like a comment inside them is not taken for one
const piece =
  /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?<=[=(,:[!&|?{};\n]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g
