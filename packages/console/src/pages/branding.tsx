import { useMutation } from '@tanstack/react-query'
import { send } from '../api/client.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, quote, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Edit } from './edit.tsx'
import type { Item, Noun } from './noun.ts'
import { nouns } from './nouns.ts'

/** How an organization's sign-in pages look: the same form as any, of other fields. */
const branded: Noun = {
  ...(nouns.find(({ path }) => path === 'organizations') as Noun),
  fields: [
    {
      name: 'settings.branding.colour',
      label: 'Colour',
      kind: 'text',
      hint: 'Of buttons and links, as #17605a. One that could not be read is refused',
    },
    {
      name: 'settings.branding.darkColour',
      label: 'Colour on dark pages',
      kind: 'text',
      hint: 'Empty: made of the other',
    },
    {
      name: 'settings.branding.logo',
      label: 'Logo',
      kind: 'picture',
      hint: 'A PNG of at most 16 KB and 1024 × 512',
    },
    { name: 'settings.branding.darkLogo', label: 'Logo on dark pages', kind: 'picture' },
    {
      name: 'settings.branding.texts',
      label: 'Texts',
      kind: 'texts',
      hint: 'One a line, as de.welcome: Willkommen. In each language welcome and help',
    },
  ],
}

export default function Branding({
  item,
  name,
  readOnly,
}: {
  readonly item: Item
  readonly name: string
  readonly readOnly: boolean
}) {
  return (
    <>
      <Edit
        key={item.id}
        noun={branded}
        item={item}
        readOnly={readOnly}
        below={(typed) =>
          !readOnly && (
            <Preview id={item.id} branding={(typed.settings as { branding?: object } | undefined)?.branding ?? {}} />
          )
        }
      />
      <Cli command={`gatehouse organization brand ${quote(name)} --preview`} />
    </>
  )
}

/** What is typed as a page of its own, before anybody else sees it. */
function Preview({ id, branding }: { readonly id: string; readonly branding: object }) {
  const { t } = useWords()
  const making = useMutation({
    mutationFn: () =>
      send<{ url: string; expiresAtMs: number }>('POST', `/api/organizations/${id}/branding-preview`, {
        body: branding,
      }),
  })
  const made = making.data?.body
  return (
    <section className="card">
      <h2>{t('Preview')}</h2>
      <p className="soft">{t('A page that shows what is typed, light and dark. Nothing changes by it.')}</p>
      <ProblemNote error={making.error} />
      <p className="actions">
        <button type="button" className="quiet" disabled={making.isPending} onClick={() => making.mutate()}>
          {t('Make a preview')}
        </button>
        {made !== undefined && (
          <span role="status">
            <a href={made.url} target="_blank" rel="noopener noreferrer">
              {t('Look at it')}
            </a>{' '}
            {t('ends')} <Time ms={made.expiresAtMs} />
          </span>
        )}
      </p>
    </section>
  )
}
