import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOurHost } from '../src/pdp/hosts.ts'

test('isOurHost: a name that somebody else may own is none of ours unless it was named; what cannot be read is none', () => {
  const named = new Set(['pdp.internal.example'])
  const ours = [undefined, '', 'localhost', 'localhost:8181', 'app.localhost', '127.0.0.1:8181', '10.0.0.7', '[::1]']
  for (const host of [...ours, '[fe80::1]:80', 'pdp', 'pdp:8181', 'PDP.Internal.Example:1', 'pdp.internal.example.'])
    assert.equal(isOurHost(host, named), true, host)
  const strange = ['attacker.example', 'attacker.example:8181', 'localhost.attacker.example', '127.0.0.1.nip.io']
  for (const host of [...strange, 'a b', 'pdp:x', '1.2.3.4.5', 'x@localhost.example', 'localhost:8181:8181'])
    assert.equal(isOurHost(host, named), false, host)
})
