import { useMay } from '../api/rights.ts'
import type { Uid } from '../api/types.ts'
import { ActButton } from '../parts/act.tsx'
import { Cli, quote } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

/** Ends at once whatever a leaked identity could still use. */
export function Contain({ uid, name }: { readonly uid: Uid; readonly name: string }) {
  const { t, number } = useWords()
  const may = useMay('contain', uid)
  if (!may) return null
  return (
    <ActButton
      act={{
        label: t('Contain'),
        method: 'POST',
        path: '/api/contain',
        body: { id: uid.id },
        danger: true,
        asks: t(
          'For an identity that has leaked: its sessions, tokens, keys, secrets and grants end at once and for good, and it is suspended until you activate it.',
        ),
        typed: name,
        reason: 'required',
        done: t('{name} is contained', { name }),
        told: (body) => {
          const steps = (body as { steps: { part: string; touched: number }[] }).steps
          return steps.map(({ part, touched }) => `${t(part as never)}: ${number(touched)}`).join(', ')
        },
        more: <Cli command={`gatehouse contain ${quote(`${uid.type}:${uid.id}`)} --reason WHY`} />,
      }}
    />
  )
}
