import type { Issuer } from '../pages/federation.tsx'
import { useWords } from '../words/words.tsx'
import { Drawing } from './drawing.tsx'

/** Who outside may be whom here: issuers, the machines that trust them, and how it goes. */
export function FederationPicture({ issuers }: { readonly issuers: readonly Issuer[] }) {
  const { t } = useWords()
  const machines = new Map(issuers.flatMap((it) => it.machines.map(({ id, name }) => [id, name])))
  const key = (it: Issuer) => `${it.issuer} ${it.jwksUri} ${it.keysFrom}`
  return (
    <Drawing
      label={t('Health of federation')}
      nodes={[
        ...issuers.map((it) => ({
          id: key(it),
          column: 0,
          kind: t(it.state),
          name: URL.parse(it.issuer)?.host || it.issuer,
          strong: it.state === 'failing',
        })),
        ...[...machines].map(([id, name]) => ({
          id,
          column: 1,
          kind: t('Machine'),
          name,
          to: `/machines/${encodeURIComponent(id)}`,
        })),
      ]}
      edges={issuers.flatMap((it) =>
        it.machines.map(({ id, name }) => ({
          from: key(it),
          to: id,
          leads: `/events?type=${encodeURIComponent('tokens.*')}`,
          says: t('{issuer} may be {name}: {admitted} let in, {refused} refused', {
            issuer: it.issuer,
            name,
            admitted: it.admitted,
            refused: it.refused,
          }),
        })),
      )}
    />
  )
}
