import { Link } from '../app/router.tsx'

/** The link that stands beside alerts and panels. */
export function Runbook({ name }: { readonly name: string }) {
  if (name.startsWith('https://'))
    return (
      <a href={name} rel="noreferrer">
        {name}
      </a>
    )
  return <Link to={`/runbooks/${name}`}>{name}</Link>
}
