/** One place where a rule is broken: what is wrong there and what to do. */
export interface Finding {
  /** Relative to the root, with `/`. */
  readonly file: string
  readonly line: number
  readonly message: string
  /** Shown, but breaks nothing. */
  readonly isWarning?: boolean
}

/** A rule of the house, over the folder it is given. */
export interface Rule {
  readonly name: string
  /** What holds when nothing is found. */
  readonly claim: string
  check(root: string): readonly Finding[] | Promise<readonly Finding[]>
}
