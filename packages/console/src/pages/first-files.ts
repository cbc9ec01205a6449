/** A bundle to begin with. */
export const firstFiles: Readonly<Record<string, string>> = {
  'schema.cedarschema':
    'entity Document = {\n  owner?: User,\n};\n\naction read, write appliesTo {\n  principal: [User],\n  resource: [Document],\n};\n',
  'policies.cedar':
    '@id("owners")\n@says("Owners may do everything with their documents")\npermit (principal, action, resource is Document)\nwhen { resource has owner && resource.owner == principal };\n\n@id("reader")\n@says("Reads it")\npermit (principal in ?principal, action == Action::"read", resource in ?resource);\n',
}

/** Sign-in policies to begin with, with the case that shows what they do. */
export const firstSignIn: Readonly<Record<string, string>> = {
  'sign-in.cedar':
    '@id("second-step-elsewhere")\n@says("From outside the office a second step is needed")\n@require("totp")\nforbid (principal, action, resource)\nunless {\n  context.address.isInRange(ip("198.51.100.0/24")) ||\n  context.factors.containsAny(["totp", "passkey"])\n};\n',
  'tests/sign-in.yaml':
    'tests:\n  - name: a password alone is not enough elsewhere\n    principal: User::"alice"\n    action: signIn\n    resource: Organization::"acme"\n    context: { address: 203.0.113.1, factors: [password] }\n    expect: deny\n',
}
