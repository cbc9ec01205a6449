// The directory's entity types, as every application's schema sees them. INVARIANT: they say no more than what the
// directory's entities always hold: a policy that validates against them never errs on them.

/** The declarations by name, each in Cedar schema text. A test holds them equal to the built-in schema. */
export const directoryTypes: Readonly<Record<string, string>> = {
  Organization: 'entity Organization { name: String };',
  Group: 'entity Group in [Group, Organization] { name: String, organization: Organization };',
  User: `entity User in [Group, Organization] {
  username: String, organization: Organization, active: Bool, email?: String, name?: String
} tags String;`,
  Machine: `entity Machine in [Group, Organization] {
  name: String, owner: User, organization: Organization, active: Bool
};`,
  Application: 'entity Application in [Organization] { name: String, organization: Organization, active: Bool };',
}

/** The schema's text with the directory types that it does not declare itself, behind it so that its lines keep their numbers. */
export function withPrelude(schema: string, declared: ReadonlySet<string>): string {
  const added = Object.entries(directoryTypes).filter(([name]) => !declared.has(name))
  return `${schema}\n${added.map(([, text]) => text).join('\n')}\n`
}

/** Attributes that a case of a test need not write out. */
export function usualAttributes(type: string, id: string): Record<string, unknown> {
  const organization = { type: 'Organization', id: 'home' }
  switch (type) {
    case 'Organization':
      return { name: id }
    case 'Group':
      return { name: id, organization }
    case 'User':
      return { username: id, organization, active: true }
    case 'Machine':
      return { name: id, organization, active: true, owner: { type: 'User', id: 'owner' } }
    case 'Application':
      return { name: id, organization, active: true }
    default:
      return {}
  }
}
