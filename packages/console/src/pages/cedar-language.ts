import { HighlightStyle, StreamLanguage, type StreamParser } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const keywords =
  /^(permit|forbid|when|unless|if|then|else|in|has|like|is|entity|action|appliesTo|namespace|type|enum|tags)\b/
const variables = /^(principal|resource|context)\b/
const constants = /^(true|false)\b/
const types = /^([A-Z]\w*)(?=\s*(::|[,;\])}{=\]]|is\b|$|\s))/

/** Cedar policies and schemas. Highlights only: what is right or wrong the server says. */
const parser: StreamParser<{ text: boolean }> = {
  name: 'cedar',
  startState: () => ({ text: false }),
  token(stream, state) {
    if (state.text || stream.eat('"')) {
      state.text = true
      while (!stream.eol()) {
        const next = stream.next()
        if (next === '\\') stream.next()
        else if (next === '"') {
          state.text = false
          break
        }
      }
      return 'string'
    }
    if (stream.match('//')) {
      stream.skipToEnd()
      return 'comment'
    }
    if (stream.match(/^@\w+/)) return 'meta'
    if (stream.match(/^\?(principal|resource)/)) return 'variableName.special'
    if (stream.match(keywords)) return 'keyword'
    if (stream.match(variables)) return 'variableName.special'
    if (stream.match(constants)) return 'bool'
    if (stream.match(/^-?\d+/)) return 'number'
    if (stream.match(types)) return 'typeName'
    if (stream.match(/^\w+/)) return 'variableName'
    if (stream.match(/^(::|&&|\|\||==|!=|<=|>=|[<>+\-*!?:.])/)) return 'operator'
    stream.next()
    return null
  },
  languageData: { commentTokens: { line: '//' }, closeBrackets: { brackets: ['(', '[', '{', '"'] } },
}

/** YAML tests and manifests: keys, texts and comments. */
const yaml: StreamParser<unknown> = {
  name: 'yaml',
  token(stream) {
    if (stream.match(/^#.*/)) return 'comment'
    if (stream.match(/^[\w.-]+(?=:(\s|$))/)) return 'propertyName'
    if (stream.match(/^(true|false|null|allow|deny)\b/)) return 'bool'
    if (stream.match(/^"([^"\\]|\\.)*"|^'[^']*'/)) return 'string'
    if (stream.match(/^-?\d+\b/)) return 'number'
    stream.next()
    return null
  },
}

export function cedar(file: string): Extension {
  if (/\.cedar(schema)?$/.test(file)) return StreamLanguage.define(parser)
  return /\.ya?ml$/.test(file) ? StreamLanguage.define(yaml) : []
}

export const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-key)', fontWeight: '600' },
  { tag: tags.string, color: 'var(--code-text)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.propertyName], color: 'var(--code-type)' },
  { tag: [tags.bool, tags.number], color: 'var(--code-value)' },
  { tag: tags.special(tags.variableName), color: 'var(--accent)' },
  { tag: tags.meta, color: 'var(--code-value)' },
])

export const look = EditorView.theme({
  '&': { fontSize: '13px', color: 'var(--ink)', backgroundColor: 'var(--card)', borderRadius: '6px' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--ink)', padding: '8px 0' },
  '.cm-gutters': { backgroundColor: 'var(--paper)', color: 'var(--soft)', border: 'none' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection': { backgroundColor: 'var(--tint)' },
  '.cm-tooltip': { backgroundColor: 'var(--card)', color: 'var(--ink)', border: '1px solid var(--line)' },
  '.cm-changedLine': { backgroundColor: 'var(--good-tint) !important' },
  '.cm-deletedChunk': { backgroundColor: 'var(--wrong-tint) !important', color: 'var(--ink)' },
  '.cm-collapsedLines': { backgroundColor: 'var(--tint)', color: 'var(--ink)', background: 'var(--tint)' },
})
