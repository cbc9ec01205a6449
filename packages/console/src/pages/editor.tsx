import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { unifiedMergeView } from '@codemirror/merge'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, keymap, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import type { Placed } from '../api/types.ts'
import { useWords } from '../words/words.tsx'
import { cedar, colours, look } from './cedar-language.ts'

/**
 * An editor in a shadow root: its style sheets are constructed there, so that the page's policy needs no exception for inline style.
 */
function useEditor(make: (label: string) => Extension, text: string, label: string, key: string) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: one editor for one file and right; its text is its own from then on
  useEffect(() => {
    const shown = host.current
    if (shown === null) return
    const root = shown.shadowRoot ?? shown.attachShadow({ mode: 'open' })
    const made = new EditorView({
      root,
      parent: root as unknown as Element,
      state: EditorState.create({
        doc: text,
        extensions: [make(label), look, syntaxHighlighting(colours), EditorView.lineWrapping],
      }),
    })
    view.current = made
    return () => made.destroy()
  }, [key, label])
  return { host, view }
}

export function Editor(it: {
  readonly file: string
  readonly text: string
  readonly readOnly: boolean
  readonly problems: readonly Placed[]
  readonly onChange: (text: string) => void
}) {
  const { t } = useWords()
  const change = useRef(it.onChange)
  change.current = it.onChange
  const extensions = (label: string): Extension => [
    lineNumbers(),
    history(),
    bracketMatching(),
    indentOnInput(),
    lintGutter(),
    cedar(it.file),
    keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap, indentWithTab]),
    EditorState.readOnly.of(it.readOnly),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) change.current(update.state.doc.toString())
    }),
  ]
  const { host, view } = useEditor(
    extensions,
    it.text,
    t('Text of {file}', { file: it.file }),
    `${it.file} ${it.readOnly}`,
  )
  useEffect(() => {
    const shown = view.current
    if (shown === null) return
    // From outside: undone, or taken from the history.
    if (shown.state.doc.toString() !== it.text)
      shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: it.text } })
  }, [it.text, view])
  useEffect(() => {
    const shown = view.current
    if (shown === null) return
    const { doc } = shown.state
    const found = it.problems.map(({ line, column, says, help }): Diagnostic => {
      const at = doc.line(Math.min(Math.max(1, line), doc.lines))
      const from = Math.min(at.from + column - 1, at.to)
      const word = /^\w+/.exec(doc.sliceString(from, at.to))?.[0].length ?? 1
      return {
        from,
        to: Math.min(from + word, at.to),
        severity: 'error',
        message: help === undefined ? says : `${says}. ${help}`,
      }
    })
    shown.dispatch(setDiagnostics(shown.state, found))
  }, [it.problems, view])
  return (
    <>
      <div ref={host} className="editor" />
      <p className="soft">{t('Tab indents; Escape, then Tab leaves the editor.')}</p>
    </>
  )
}

type Files = Readonly<Record<string, string>>

/** What changed between two bundles, file by file. */
export function Difference({ before, after }: { readonly before: Files; readonly after: Files }) {
  const { t } = useWords()
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .filter((name) => before[name] !== after[name])
  if (names.length === 0) return <p className="empty soft">{t('No difference.')}</p>
  return names.map((name) => (
    <section key={name}>
      <h2>{name}</h2>
      <Changed
        key={`${name}${before[name]}${after[name]}`}
        name={name}
        before={before[name] ?? ''}
        after={after[name] ?? ''}
      />
    </section>
  ))
}

function Changed({ name, before, after }: { readonly name: string; readonly before: string; readonly after: string }) {
  const { t } = useWords()
  const extensions = (label: string): Extension => [
    lineNumbers(),
    cedar(name),
    unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 } }),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ]
  const { host } = useEditor(extensions, after, t('Difference of {file}', { file: name }), name)
  return <div ref={host} className="editor" />
}
