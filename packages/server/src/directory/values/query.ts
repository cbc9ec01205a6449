import {
  type ApplicationId,
  Fault,
  type GroupId,
  isId,
  type MachineId,
  type OrganizationId,
  type UserId,
} from '#kernel'
import '../faults.ts'

type IdOf = { org: OrganizationId; user: UserId; group: GroupId; machine: MachineId; app: ApplicationId }

/** An id in a query or body: wrong ones are a bad value there, not an unknown page. @throws {Fault} `directory.invalid` */
export function readId<const P extends keyof IdOf>(prefix: P, pointer: string, text: string): IdOf[P] {
  if (isId(prefix, text)) return text as unknown as IdOf[P]
  const detail = `must be an id such as ${prefix}_01h455vb4pex5vsknk084sn02q`
  throw new Fault('directory.invalid', { detail: `${pointer} ${detail}`, extra: { errors: [{ pointer, detail }] } })
}

export const readOrganizationId = (text: string | undefined): OrganizationId | undefined =>
  text === undefined ? undefined : readId('org', '/query/organizationId', text)
