import type { Outgoing } from '#web'

/** The provider's own requests (keys of a client by `jwks_uri`) by the one way out: no private address, no redirect. */
export function guardedFetch(outgoing: Outgoing): typeof fetch {
  return async (input, init) => {
    const { status, headers, body } = await outgoing.send(String(input), {
      method: init?.method === 'POST' ? 'POST' : 'GET',
      headers: { accept: new Headers(init?.headers).get('accept') ?? 'application/json' },
      timeoutMs: 2_500,
      mostBytes: 65_536,
    })
    if (status < 200) throw new TypeError(`no answer but ${status}`)
    const known = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]))
    const empty = status === 204 || status === 205 || status === 304
    return new Response(empty ? null : new Uint8Array(body), { status, headers: known as [string, string][] })
  }
}
