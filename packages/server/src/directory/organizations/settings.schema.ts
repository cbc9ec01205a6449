import { Type } from '#kernel'
import { closed, oneOf, text } from '../values/schema.ts'
import { signInFactors } from './organization.ts'

const line = Type.Optional(text(300))
export const brandingSchema = closed({
  colour: Type.Optional(
    text(7, 'Of buttons and links, as in #17605a; refused where it could not be read (WCAG 2.2 AA)'),
  ),
  darkColour: Type.Optional(text(7, 'The same on dark pages; made of `colour` when absent')),
  logo: Type.Optional(text(22_000, 'data:image/png;base64,…; at most 16 KB and 1024 × 512')),
  darkLogo: Type.Optional(text(22_000, 'Another one for dark pages')),
  texts: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z]{2,3}$' }), closed({ welcome: line, help: line }), { maxProperties: 20 }),
  ),
})

export const organizationSettings = closed({
  signIn: Type.Optional(
    closed({
      factors: Type.Optional(Type.Array(oneOf(signInFactors), { uniqueItems: true, maxItems: 4 })),
      secondFactor: Type.Optional(oneOf(['administrators', 'everyone'])),
      sessionMinutes: Type.Optional(Type.Integer({ minimum: 5, maximum: 43_200 })),
      rememberDeviceDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })),
      authenticators: Type.Optional(
        Type.Array(
          Type.String({
            pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
            description: 'AAGUID',
          }),
          { uniqueItems: true, minItems: 1, maxItems: 200 },
        ),
      ),
      userVerification: Type.Optional(oneOf(['required', 'preferred'])),
      timeZone: Type.Optional(text(64, 'In which sign-in policies are told hour and day, as in Europe/Berlin')),
    }),
  ),
  tokens: Type.Optional(
    closed({
      accessTokenSeconds: Type.Optional(Type.Integer({ minimum: 30, maximum: 3_600 })),
      machineTokenSeconds: Type.Optional(Type.Integer({ minimum: 30, maximum: 3_600 })),
      refreshTokenSeconds: Type.Optional(Type.Integer({ minimum: 300, maximum: 365 * 86_400 })),
      keyDays: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 366,
          description: 'Most days of API keys, and of keys and secrets of machines',
        }),
      ),
      clientMetadataHosts: Type.Optional(Type.Array(text(253), { maxItems: 100, uniqueItems: true })),
      commandLine: Type.Optional(
        Type.Boolean({
          description: 'Whether its people may use `gatehouse login`; `home` says it for all; default yes',
        }),
      ),
    }),
  ),
  branding: Type.Optional(brandingSchema),
  registration: Type.Optional(
    closed({
      open: Type.Optional(Type.Boolean({ description: 'Whether people may make accounts themselves; default no' })),
      domains: Type.Optional(
        Type.Array(text(253), {
          maxItems: 100,
          uniqueItems: true,
          description: 'E-mail domains that may; `*` for any; default: those that the organization has',
        }),
      ),
      approval: Type.Optional(
        oneOf(['administrator', 'none'], 'Whether an administrator approves each one; default: administrator'),
      ),
    }),
  ),
  account: Type.Optional(
    closed({
      editName: Type.Optional(Type.Boolean({ description: 'Whether people change their own name; default yes' })),
      editEmail: Type.Optional(Type.Boolean({ description: 'Whether people change their own address; default no' })),
      close: Type.Optional(Type.Boolean({ description: 'Whether people may close their account; default yes' })),
    }),
  ),
})
