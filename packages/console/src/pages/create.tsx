import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { newKey, send } from '../api/client.ts'
import { useMe } from '../app/me.tsx'
import { go } from '../app/router.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Controls } from '../parts/form.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, quote } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { bodyOf, changedIn, type Draft, draftOf } from './draft.ts'
import { wrongOf } from './edit.tsx'
import type { Item, Noun } from './noun.ts'

/** Makes a new thing: the fields that matter first, all others can be set on its page. */
export function Create({
  noun,
  organizationId,
  onClose,
}: {
  readonly noun: Noun
  readonly organizationId: string
  readonly onClose: () => void
}) {
  const { t } = useWords()
  const me = useMe()
  const client = useQueryClient()
  const isTenant = noun.path !== 'organizations'
  const [organization, setOrganization] = useState(organizationId || me.organization.id)
  const fields = noun.fields.filter((field) => field.required || field.name === 'displayName' || field.name === 'email')
  const empty = draftOf(fields, undefined)
  const [draft, setDraft] = useState<Draft>({ ...empty, ...(noun.path === 'applications' && { kind: 'web' }) })
  const [once, setOnce] = useState(newKey)
  const making = useMutation({
    mutationFn: () => {
      const body = bodyOf(fields, draft, changedIn(empty, draft), undefined)
      return send<Item>('POST', `/api/${noun.path}`, {
        body: isTenant ? { organizationId: organization, ...body } : body,
        once,
      })
    },
    onError: () => setOnce(newKey()),
    onSuccess: ({ body }) => {
      void client.invalidateQueries({ queryKey: ['list'] })
      onClose()
      go(`/${noun.path}/${body.id}`)
    },
  })
  const verb = noun.path === 'users' ? 'invite' : 'create'
  const name = draft.username ?? draft.name ?? ''
  return (
    <Dialog title={t(noun.create)} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          making.mutate()
        }}
      >
        {isTenant && (
          <Field label={t('Organization')}>
            {(ids) => (
              <Pick {...ids} list="organizations" type="Organization" value={organization} onChange={setOrganization} />
            )}
          </Field>
        )}
        <Controls
          fields={fields}
          draft={draft}
          wrong={wrongOf(making.error)}
          organizationId={organization}
          onChange={(field, value) => setDraft({ ...draft, [field]: value })}
        />
        <ProblemNote error={making.error} />
        <p className="actions">
          <button type="submit" className="main" disabled={making.isPending}>
            {t(noun.create)}
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            {t('Cancel')}
          </button>
        </p>
        <Cli
          command={`gatehouse ${noun.cli} ${verb} ${quote(name || 'NAME')}${isTenant ? ` --organization ${quote(organization)}` : ''}`}
        />
      </form>
    </Dialog>
  )
}
