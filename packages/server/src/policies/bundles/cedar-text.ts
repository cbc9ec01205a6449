/** A token of Cedar text, policies and schemas alike: enough to cut and bound it, not to understand it. */
export interface Token {
  readonly kind: 'word' | 'string' | 'mark'
  readonly text: string
  /** Offset of its first character. */
  readonly at: number
}

const shapes = /(\/\/[^\n]*)|("(?:[^"\\\n]|\\.)*")|([A-Za-z_][A-Za-z0-9_]*)|(::)|([^\s])/g

/** The tokens of a text, comments left out. An unclosed string comes out as a mark `"`. */
export function* tokensOf(text: string): Generator<Token> {
  for (const match of text.matchAll(shapes)) {
    if (match[1] !== undefined) continue
    const kind = match[2] !== undefined ? 'string' : match[3] !== undefined ? 'word' : 'mark'
    yield { kind, text: match[0], at: match.index }
  }
}

/** The offset at which more than `most` brackets are open, or undefined. The reference parser descends by recursion. */
export function tooDeepAt(text: string, most: number): number | undefined {
  let depth = 0
  for (const token of tokensOf(text)) {
    if (token.kind !== 'mark') continue
    if ('([{<'.includes(token.text)) {
      // `<` opens only after `Set`; elsewhere it compares, and closes nothing: bounded all the same.
      if (token.text !== '<' && ++depth > most) return token.at
    } else if (')]}'.includes(token.text)) depth--
  }
  return undefined
}

/** One policy or template as it stands in its file. */
export interface Statement {
  readonly text: string
  readonly at: number
  readonly isTemplate: boolean
}

/** Cuts the text of a file into its policies, at each `;`. What follows the last one is cut too, to be refused by the parser. */
export function cutStatements(text: string): Statement[] {
  const statements: Statement[] = []
  let from: number | undefined
  let slot = false
  let end = 0
  let before: Token | undefined
  for (const token of tokensOf(text)) {
    from ??= token.at
    if (token.kind === 'word' && before?.kind === 'mark' && before.text === '?') slot = true
    before = token
    end = token.at + token.text.length
    if (token.kind !== 'mark' || token.text !== ';') continue
    statements.push({ text: text.slice(from, end), at: from, isTemplate: slot })
    from = undefined
    slot = false
  }
  if (from !== undefined) statements.push({ text: text.slice(from, end), at: from, isTemplate: slot })
  return statements
}

/** Names that a schema declares in the empty namespace: entity types and common types. */
export function declaredAtTop(schema: string): Set<string> {
  const names = new Set<string>()
  let depth = 0
  let taking = false
  for (const token of tokensOf(schema)) {
    if (token.kind === 'mark' && '({['.includes(token.text)) {
      depth++
      taking = false
    } else if (token.kind === 'mark' && ')}]'.includes(token.text)) depth--
    else if (depth > 0) continue
    else if (token.kind === 'word') {
      if (token.text === 'entity' || token.text === 'type') taking = !taking || names.add(token.text) === undefined
      else if (taking && token.text !== 'in' && token.text !== 'enum' && token.text !== 'tags') names.add(token.text)
      else taking = false
    } else if (token.text !== ',') taking = false
  }
  return names
}
