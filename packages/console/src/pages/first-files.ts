/** A bundle to begin with. */
export const firstFiles: Readonly<Record<string, string>> = {
  'schema.cedarschema':
    'entity Document = {\n  owner?: User,\n};\n\naction read, write appliesTo {\n  principal: [User],\n  resource: [Document],\n};\n',
  'policies.cedar':
    '@id("owners")\n@says("Owners may do everything with their documents")\npermit (principal, action, resource is Document)\nwhen { resource has owner && resource.owner == principal };\n\n@id("reader")\n@says("Reads it")\npermit (principal in ?principal, action == Action::"read", resource in ?resource);\n',
}
