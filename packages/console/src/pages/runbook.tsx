import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { get } from '../api/client.ts'
import { Link } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { useWords } from '../words/words.tsx'

/** Symptom, check, act, verify: what to do, one click away from the alert. */
export default function RunbookPage({ name }: { readonly name: string }) {
  const { t } = useWords()
  const found = useQuery({
    queryKey: ['runbook', name],
    queryFn: ({ signal }) => get<{ markdown: string }>(`/api/runbooks/${encodeURIComponent(name)}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  const [first = '', ...rest] = blocks(found.data?.markdown ?? '')
  return (
    <article className="runbook-page" lang="en">
      <h1 tabIndex={-1}>{found.data === undefined ? t('Runbook') : first.replace(/^# /, '')}</h1>
      <ProblemNote error={found.error} />
      {rest.map((text, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the text of a runbook does not change while it is read
        <Block key={at} text={text} />
      ))}
      <p>
        <Link to="/alerts">{t('Alerts')}</Link>
      </p>
    </article>
  )
}

/** Paragraphs, lists and code, parted by empty lines; code keeps its own. */
function blocks(markdown: string): string[] {
  return markdown
    .split(/^(```[\s\S]*?^```)$/m)
    .flatMap((part) => (part.startsWith('```') ? [part] : part.split(/\n{2,}/)))
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function Block({ text }: { readonly text: string }) {
  if (text.startsWith('```'))
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page scrolls by keyboard too (WCAG 2.1.1)
      <pre className="code" tabIndex={0}>
        {text.replace(/^```\w*\n|\n```$/g, '')}
      </pre>
    )
  if (text.startsWith('## ')) return <h2>{text.slice(3)}</h2>
  if (/^(- |\d+\. )/.test(text)) {
    const items = text.split(/\n(?=- |\d+\. )/).map((item) => item.replace(/^(- |\d+\. )/, ''))
    return (
      <ul>
        {items.map((item) => (
          <li key={item}>{inline(item)}</li>
        ))}
      </ul>
    )
  }
  return <p>{inline(text)}</p>
}

/** Code, bold, emphasis and links to other runbooks; everything else is text. */
function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/).map((part, at) => {
    const key = `${at} ${part}`
    if (part.startsWith('`')) return <code key={key}>{part.slice(1, -1)}</code>
    if (part.startsWith('**')) return <b key={key}>{part.slice(2, -2)}</b>
    if (/^\*.+\*$/.test(part)) return <em key={key}>{part.slice(1, -1)}</em>
    const [, label, runbook] = /^\[([^\]]+)\]\(([a-z-]+)\.md\)$/.exec(part) ?? []
    if (label !== undefined)
      return (
        <Link key={key} to={`/runbooks/${runbook}`}>
          {label}
        </Link>
      )
    return part.replace(/^\[([^\]]+)\]\([^)]+\)$/, '$1')
  })
}
