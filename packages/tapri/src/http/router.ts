import { httpError } from './errors.ts'
import { pathSegments } from './path.ts'
import { parsePattern } from './pattern.ts'

/** What a path leads to, and the texts of its parameters in order. */
export interface Match<T> {
  readonly value: T
  readonly texts: readonly string[]
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>
  param: Node<T> | undefined
  rest: Match<T> | undefined
  here: Match<T> | undefined
}

interface Tree<T> {
  /** Whole paths without parameters: one lookup for most of what an app is asked. */
  readonly whole: Map<string, Match<T>>
  readonly root: Node<T>
}

/**
 * Finds what a method and a path lead to. Paths match exactly: `/videos/` is not `/videos`. A static
 * segment wins over a parameter, a parameter over a rest, whatever the order they were added in.
 * @example router.add('GET', '/videos/:id', route); router.find('GET', '/videos/7')
 */
export class Router<T> {
  readonly #trees = new Map<string, Tree<T>>()

  /** @throws TAPRI_HTTP_ROUTE, TAPRI_HTTP_ROUTE_TWICE */
  add(method: string, path: string, value: T): void {
    const tree = this.#trees.get(method) ?? { whole: new Map(), root: newNode<T>() }
    this.#trees.set(method, tree)
    const steps = parsePattern(path)
    const match: Match<T> = { value, texts: [] }
    let node = tree.root
    for (const step of steps) {
      if (step.kind === 'rest') {
        if (node.rest !== undefined) throw twice(method, path)
        node.rest = match
        return
      }
      node = step.kind === 'param' ? paramOf(node) : staticOf(node, step.text)
    }
    if (node.here !== undefined) throw twice(method, path)
    node.here = match
    if (steps.every((step) => step.kind === 'static')) tree.whole.set(path, match)
  }

  /** @throws TAPRI_HTTP_PATH */
  find(method: string, path: string): Match<T> | undefined {
    const tree = this.#trees.get(method)
    if (tree === undefined) return undefined
    const whole = tree.whole.get(path)
    if (whole !== undefined) return whole
    const texts: string[] = []
    const found = descend(tree.root, pathSegments(path), 0, texts)
    return found === undefined ? undefined : { value: found.value, texts }
  }

  methods(): Iterable<string> {
    return this.#trees.keys()
  }

  /** The methods that the path can be asked with. */
  methodsOf(path: string): string[] {
    const segments = pathSegments(path)
    const methods: string[] = []
    for (const [method, { whole, root }] of this.#trees) {
      if (whole.has(path) || descend(root, segments, 0, []) !== undefined) methods.push(method)
    }
    return methods
  }
}

function newNode<T>(): Node<T> {
  return { statics: new Map(), param: undefined, rest: undefined, here: undefined }
}

function paramOf<T>(node: Node<T>): Node<T> {
  node.param ??= newNode()
  return node.param
}

function staticOf<T>(node: Node<T>, text: string): Node<T> {
  const child = node.statics.get(text) ?? newNode<T>()
  node.statics.set(text, child)
  return child
}

function descend<T>(node: Node<T>, segments: readonly string[], at: number, texts: string[]): Match<T> | undefined {
  const segment = segments[at]
  if (segment === undefined) return node.here
  const next = node.statics.get(segment)
  if (next !== undefined) {
    const found = descend(next, segments, at + 1, texts)
    if (found !== undefined) return found
  }
  if (segment === '') return undefined
  if (node.param !== undefined) {
    texts.push(segment)
    const found = descend(node.param, segments, at + 1, texts)
    if (found !== undefined) return found
    texts.pop()
  }
  if (node.rest === undefined) return undefined
  const rest = segments.slice(at)
  // A slash that came escaped could not be told from one that separates, so a rest has none
  if (rest.some((text) => text === '' || text.includes('/') || text.includes('\\'))) return undefined
  texts.push(rest.join('/'))
  return node.rest
}

function twice(method: string, path: string) {
  return httpError('TAPRI_HTTP_ROUTE_TWICE', `Cannot serve ${method} ${path} twice: two routes have the same method and path`)
}
