import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserId } from '#kernel'
import type { Services } from '../services.ts'
import { holdToFactors } from './hold-to-factors.ts'
import { acrOf, isOwnSecond } from './session.ts'

const two = 'urn:gatehouse:acr:2'

test('when only a refresh token is left, its methods say whether the second factor was an administrator’s own: a letter is none', async () => {
  const hold = (isAdministrator: boolean) =>
    holdToFactors({
      people: { find: async () => undefined },
      sessions: { findById: async () => undefined },
      administrators: { isAdministrator: () => isAdministrator },
    } as unknown as Services)
  const proof = (...amr: string[]) => ({ acr: acrOf(amr), amr, sessionId: 'ses_that_has_ended' })
  const user = 'user_1' as UserId
  for (const weak of [['pwd', 'email', 'mfa'], ['pwd', 'mfa'], ['mfa']]) {
    assert.equal(acrOf(weak), two)
    await assert.rejects(hold(true)(user, proof(...weak)), { code: 'authentication.second_factor_needed' }, weak.join())
    await hold(false)(user, proof(...weak))
  }
  for (const own of [
    ['pwd', 'otp', 'mfa'],
    ['pwd', 'hwk', 'mfa'],
    ['swk', 'user', 'mfa'],
  ])
    await hold(true)(user, proof(...own))
})

test('a letter is a factor of its own name, and a code of an app is not it (RFC 8176 2)', () => {
  assert.equal(isOwnSecond({ amr: ['pwd', 'email', 'mfa'] }), false)
  assert.equal(isOwnSecond({ amr: ['pwd', 'otp', 'mfa'] }), true)
  assert.equal(
    isOwnSecond({ amr: ['pwd', 'otp', 'mfa'], factors: ['password', 'email'] }),
    false,
    'the session knows better',
  )
})
