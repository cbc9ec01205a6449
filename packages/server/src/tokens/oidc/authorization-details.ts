import { isDeepStrictEqual } from 'node:util'
import { type Configuration, errors } from 'oidc-provider'

type Detail = Readonly<Record<string, unknown>>
const detailBytesMost = 4_096
const lists = ['locations', 'actions', 'datatypes', 'privileges'] as const

/**
 * Rich authorization requests (RFC 9396) of the types that applications have registered. What a type means is between an
 * application and its API: here the common fields are held to their shape (§2.2), the person is asked, and the token says what was
 * allowed, or a part of it.
 */
export function authorizationDetails(types: ReadonlySet<string>) {
  const parse = (text: unknown): Detail[] => (typeof text === 'string' ? [JSON.parse(text)].flat() : [])
  return {
    richAuthorizationRequests: {
      enabled: true,
      types: Object.fromEntries(
        [...types].map((type) => [type, { validate: (_ctx: unknown, detail: Detail) => validate(detail) }]),
      ),
      // What this request asked for, which the person has just been asked about: never what an earlier one was allowed.
      authorizationDetailsForGrantSource: (ctx) => parse(ctx.oidc.params?.authorization_details) as never,
      authorizationDetailsForAccessToken: (ctx, _token, source) => {
        const asked = parse(ctx.oidc.params?.authorization_details)
        const granted = (source as { rar?: Detail[] } | undefined)?.rar
        if (asked.length === 0) return granted as never
        // For itself (client credentials) a client may ask for what its types allow; for a person, what the person allowed.
        if (source !== undefined && !asked.every((one) => granted?.some((other) => isDeepStrictEqual(one, other))))
          throw new errors.InvalidAuthorizationDetails('more is asked for than was allowed')
        return asked as never
      },
      authorizationDetailsForIntrospection: (_ctx, token) => (token as { rar?: Detail[] }).rar as never,
    },
  } satisfies Configuration['features']
}

function validate(detail: Detail): void {
  const wrong = (says: string) => new errors.InvalidAuthorizationDetails(says)
  if (JSON.stringify(detail).length > detailBytesMost)
    throw wrong(`a detail is longer than ${detailBytesMost} characters`)
  for (const name of lists) {
    const value = detail[name]
    if (value !== undefined && !(Array.isArray(value) && value.every((one) => typeof one === 'string')))
      throw wrong(`${name} must be an array of strings`)
  }
  if (detail.identifier !== undefined && typeof detail.identifier !== 'string')
    throw wrong('identifier must be a string')
}
