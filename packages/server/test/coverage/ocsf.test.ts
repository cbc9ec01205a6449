import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { allEvents, type FeedEvent } from '#feed'
import '../../src/gatehouse.ts'
import type { OcsfVersion } from '../../src/audit/ocsf/classes.ts'
import { toOcsf } from '../../src/audit/ocsf/ocsf.ts'

type Json = Record<string, unknown>
interface Shape {
  readonly required?: string[]
  readonly allowed: string[]
  readonly atLeastOne?: string[]
  readonly enums?: Record<string, number[]>
}
const schema = JSON.parse(readFileSync(new URL('ocsf-schema.json', import.meta.url), 'utf8')) as {
  types: Record<string, Shape>
  attributes: Record<string, string | [string]>
  base: Shape
  classes: Record<string, Shape & { versions: string[]; activities: number[] }>
}

/** Everything that is wrong with an event by the schema, each with its place. */
function problems(event: Json, version: OcsfVersion): string[] {
  const found: string[] = []
  const kind = schema.classes[String(event.class_uid)]
  if (kind === undefined || !kind.versions.includes(version)) return [`no class ${event.class_uid} in ${version}`]
  if (!kind.activities.includes(event.activity_id as number)) found.push(`activity ${event.activity_id}`)
  if (event.type_uid !== (event.class_uid as number) * 100 + (event.activity_id as number)) found.push('type_uid')
  if (event.category_uid !== Math.floor((event.class_uid as number) / 1_000)) found.push('category_uid')
  const checkShape = (value: Json, shape: Shape, place: string) => {
    for (const name of shape.required ?? []) if (value[name] === undefined) found.push(`${place}${name} is missing`)
    if (shape.atLeastOne !== undefined && !shape.atLeastOne.some((name) => value[name] !== undefined))
      found.push(`${place}: none of ${shape.atLeastOne}`)
    for (const [name, member] of Object.entries(value)) {
      if (![...(shape.required ?? []), ...shape.allowed].includes(name)) found.push(`${place}${name} is not known`)
      if (shape.enums?.[name] !== undefined && !shape.enums[name].includes(member as number))
        found.push(`${place}${name}`)
      checkValue(member, schema.attributes[name], `${place}${name}`)
    }
  }
  const checkValue = (value: unknown, type: string | [string] | undefined, place: string) => {
    if (Array.isArray(type)) {
      if (!Array.isArray(value) || value.length === 0) found.push(`${place} is no array of something`)
      else for (const [at, one] of value.entries()) checkValue(one, type[0], `${place}[${at}]`)
    } else if (type === 'integer') {
      if (!Number.isSafeInteger(value)) found.push(`${place} is no integer`)
    } else if (type === 'string' || type === 'boolean' || type === 'object') {
      if (typeof value !== type) found.push(`${place} is no ${type}`)
      else if (value === '') found.push(`${place} is empty`)
    } else if (type === undefined || typeof value !== 'object' || value === null) found.push(`${place} is no object`)
    else checkShape(value as Json, schema.types[type] as Shape, `${place}.`)
  }
  const allowed = [...schema.base.allowed, ...kind.allowed]
  const required = [...(schema.base.required ?? []), ...(kind.required ?? [])]
  const atLeastOne = kind.atLeastOne === undefined ? {} : { atLeastOne: kind.atLeastOne }
  checkShape(event, { required, allowed, enums: schema.base.enums ?? {}, ...atLeastOne }, '')
  return found
}

const plain: FeedEvent = {
  position: 7,
  type: 'directory.user_updated',
  atMs: 1_790_000_000_000,
  organizationId: 'org_1' as never,
  object: { type: 'User', id: 'user_1', name: 'alice' },
  revision: 3,
  outcome: 'success',
  actor: { type: 'user', id: 'user_2', name: 'bob' },
  requestId: 'req-1',
  sessionId: 'session_1',
  address: '192.0.2.1',
  context: {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    device: 'Browser/1',
    through: { type: 'Application', id: 'app_1', name: 'Docs' },
    bundle: 'ab',
  },
  changes: { name: { from: 'a', to: 'b' } },
  data: {},
  touches: [],
}
const bare: FeedEvent = {
  ...plain,
  organizationId: undefined,
  object: { type: 'Thing', id: 'thing_1' },
  revision: undefined,
  outcome: 'denied',
  actor: { type: 'system', name: 'timer' },
  sessionId: undefined,
  address: undefined,
  context: {},
  changes: undefined,
}
const data: Record<string, unknown> = {
  'directory.group_members_added': { members: ['user_1', 'user_3'] },
  'directory.group_members_removed': { members: ['user_1'] },
  'authorization.grant_created': {
    role: 'auditor',
    principal: { type: 'Group', id: 'group_1' },
    resource: { type: 'Organization', id: 'org_1' },
  },
  'authorization.grant_revoked': {
    role: 'auditor',
    principal: { type: 'User', id: 'user_1' },
    resource: { type: 'Organization', id: 'org_1' },
  },
  'authentication.signed_in': { methods: ['pwd', 'otp'], acr: 'urn:mfa' },
  'tokens.token_issued': { scopes: ['openid'], subject: 'user_1' },
  'observability.alert_opened': {
    severity: 'page',
    objective: 'availability',
    component: 'platform',
    says: 'it burns',
  },
}

test('OCSF 1.9 and 1.8: every event type there is, with everything and with as little as there can be, is valid by the schema', () => {
  assert.ok(allEvents().size > 60)
  const classes = new Set<unknown>()
  for (const type of allEvents().keys())
    for (const version of ['1.9.0', '1.8.0'] as const)
      for (const event of [plain, bare]) {
        const mapped = toOcsf({ ...event, type, data: data[type] ?? {} }, version)
        assert.deepEqual(problems(mapped, version), [], `${type} as ${mapped.class_uid} of ${version}`)
        if (version === '1.9.0') classes.add(mapped.class_uid)
      }
  assert.deepEqual([...classes].sort(), [2004, 3002, 3003, 3004, 3006, 3007, 3008, 6003])
})

test('OCSF: an unknown event type of a later version is API Activity, and valid', () => {
  const mapped = toOcsf({ ...bare, type: 'secrets.secret_read' })
  assert.deepEqual(problems(mapped, '1.9.0'), [])
  assert.deepEqual([mapped.class_uid, mapped.activity_id, mapped.status_id], [6003, 2, 2])
})

test('OCSF: the check itself finds what is missing, misspelt, of the wrong type or of another version', () => {
  const mapped = toOcsf(plain)
  const broken: [Json, RegExp][] = [
    [{ ...mapped, user: undefined }, /user is missing/],
    [{ ...mapped, user: {} }, /none of account/],
    [{ ...mapped, usr: {} }, /usr is not known/],
    [{ ...mapped, time: '1' }, /time is no integer/],
    [{ ...mapped, type_uid: 1 }, /type_uid/],
    [{ ...mapped, severity_id: 7 }, /severity_id/],
    [{ ...mapped, class_uid: 4001 }, /no class 4001/],
  ]
  for (const [event, says] of broken) assert.match(problems(event, '1.9.0').join('; '), says)
  assert.match(problems(mapped, '1.8.0').join(), /no class 3007 in 1.8.0/)
})
