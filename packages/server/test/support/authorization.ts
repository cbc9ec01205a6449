// Authorization on a small directory of its own: for tests of that room, which need none of the rooms below it.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { actionEntities, entityToJson, PolicySet } from '@gatehouse/cedar'
import { pino } from 'pino'
import {
  type ActiveBundle,
  type Authorization,
  deployment,
  type EntityUid,
  type OwnedEntity,
  openAuthorization,
} from '#authorization'
import { defineEvents, Feed, type ObjectRef, record } from '#feed'
import { type Act, ManualClock, Meter, newId, type OrganizationId, systemEntropy } from '#kernel'
import { type Keyring, openKeyring } from '#keyring'
import { openStorage } from '#storage'
import { createWeb, type Web } from '#web'
import { builtinFile } from '../../src/authorization/builtin/build.ts'
import { migrations } from '../../src/migrations.ts'
import type { Scratch } from './engines.ts'

declare module '#feed' {
  interface EventCatalogue {
    'test.directory_changed': Record<string, never>
  }
}
defineEvents({ 'test.directory_changed': 'A test changed its directory' })

export const systemAct: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req-system' }
export const startMs = 1_800_000_000_000
const types = ['Organization', 'Group', 'User', 'Machine', 'Application']
const keyOf = (uid: EntityUid) => `${uid.type}\n${uid.id}`

export class TestHouse {
  readonly clock = new ManualClock(startMs)
  meter = new Meter()
  readonly home = newId('org', { clock: this.clock, entropy: systemEntropy })
  readonly other = newId('org', { clock: this.clock, entropy: systemEntropy })
  readonly errors: unknown[] = []
  readonly entities = new Map<string, OwnedEntity>()
  readonly bundles = new Map<string, ActiveBundle>()
  authorization!: Authorization
  feed!: Feed
  keyring!: Keyring
  storage!: Awaited<ReturnType<typeof openStorage>>
  readonly #scratch: Scratch

  private constructor(scratch: Scratch) {
    this.#scratch = scratch
    for (const id of [this.home, this.other])
      this.entities.set(keyOf({ type: 'Organization', id }), {
        organizationId: id,
        entity: { uid: { type: 'Organization', id }, attrs: { name: id }, parents: [deployment] },
      })
  }

  static async open(scratch: Scratch): Promise<TestHouse> {
    const house = new TestHouse(scratch)
    await house.start()
    return house
  }

  async start(): Promise<void> {
    const { clock, entities, bundles } = this
    const meter = new Meter()
    this.meter = meter
    this.storage = await openStorage(this.#scratch.address, { clock, migrations })
    // The feed waits by a clock that moves; only decisions live in the test's time.
    const running = { nowMs: () => Date.now() }
    const onError = (_: string, error: unknown) => this.errors.push(error)
    this.feed = new Feed({ storage: this.storage, clock: running, meter: new Meter(), onError })
    this.keyring = await openKeyring({
      storage: this.storage,
      feed: this.feed,
      clock,
      entropy: systemEntropy,
      meter: new Meter(),
      rootKeyFile: join(this.#scratch.directory, 'root.key'),
      onError,
    })
    this.authorization = await openAuthorization({
      storage: this.storage,
      feed: this.feed,
      clock,
      entropy: systemEntropy,
      meter,
      keyring: this.keyring,
      sources: [
        {
          types,
          async *loadAll() {
            yield [...entities.values()]
          },
          load: async (_, uid) => entities.get(keyOf(uid)),
        },
      ],
      bundles: {
        async *loadAllActive() {
          yield* bundles.values()
        },
        loadActive: async (_, id) => bundles.get(id),
      },
      journalDirectory: join(this.#scratch.directory, 'journal'),
      onError,
    })
  }

  async close(): Promise<void> {
    await this.feed.close()
    await this.authorization.close()
    await this.keyring.close()
    await this.storage.close()
    if (this.errors.length > 0) throw new AggregateError(this.errors, 'a follower failed')
  }

  /** Records a change of these entities and resolves when decisions see it. */
  async touch(...touches: ObjectRef[]): Promise<void> {
    const { at } = await this.storage.write((tx) =>
      record(tx, systemAct, {
        type: 'test.directory_changed',
        atMs: this.clock.nowMs(),
        organizationId: undefined,
        object: touches[0] as ObjectRef,
        data: {},
        touches,
      }),
    )
    await this.authorization.snapshot.waitFor(at, 5_000)
  }

  async put(entity: OwnedEntity['entity'], organizationId: OrganizationId = this.home): Promise<EntityUid> {
    this.entities.set(keyOf(entity.uid), { organizationId, entity })
    await this.touch(entity.uid)
    return entity.uid
  }

  async remove(uid: EntityUid): Promise<void> {
    this.entities.delete(keyOf(uid))
    await this.touch(uid)
  }

  async activate(bundle: ActiveBundle): Promise<void> {
    this.bundles.set(bundle.applicationId, bundle)
    await this.touch({ type: 'Bundle', id: bundle.applicationId })
  }

  user(
    options: { organizationId?: OrganizationId; active?: boolean; groups?: readonly EntityUid[]; id?: string } = {},
  ): Promise<EntityUid> {
    const { organizationId = this.home, active = true, groups = [] } = options
    const id = options.id ?? newId('user', { clock: this.clock, entropy: systemEntropy })
    const organization = { type: 'Organization', id: organizationId }
    const attrs = { username: id, organization: { __entity: organization }, active, email: `${id}@example.com` }
    return this.put({ uid: { type: 'User', id }, attrs, parents: [...groups, organization] }, organizationId)
  }

  group(parents: readonly EntityUid[] = [], organizationId: OrganizationId = this.home): Promise<EntityUid> {
    const id = newId('group', { clock: this.clock, entropy: systemEntropy })
    const organization = { type: 'Organization', id: organizationId }
    const attrs = { name: id, organization: { __entity: organization } }
    return this.put({ uid: { type: 'Group', id }, attrs, parents: [...parents, organization] }, organizationId)
  }

  application(organizationId: OrganizationId = this.home): Promise<EntityUid> {
    const id = newId('app', { clock: this.clock, entropy: systemEntropy })
    const organization = { type: 'Organization', id: organizationId }
    const attrs = { name: id, organization: { __entity: organization }, active: true }
    return this.put({ uid: { type: 'Application', id }, attrs, parents: [organization] }, organizationId)
  }

  /** The room's routes on a web of their own; `x-test-actor: Type id` says who sends a request. */
  async web(trustedProxies: readonly string[] = []): Promise<Web> {
    const { clock, storage } = this
    const logger = pino({ level: 'silent' })
    const { keyring } = this
    const deps = { trustedProxies, logger, clock, entropy: systemEntropy, meter: new Meter(), storage, keyring }
    const web = await createWeb({ url: 'http://localhost:8080', ...deps })
    web.identifyBy(async (request) => {
      const [type, id] = String(request.headers['x-test-actor'] ?? '').split(' ')
      return type && id ? { actor: this.act({ type, id }).actor, via: 'bearer' } : undefined
    })
    await this.authorization.attach(web)
    return web
  }

  /** A request of this principal. */
  act(uid: EntityUid): Act {
    const organizationId = this.entities.get(keyOf(uid))?.organizationId ?? this.home
    const type = uid.type.toLowerCase() as 'user' | 'machine' | 'application'
    return { actor: { type, id: uid.id, organizationId, name: uid.id } as Act['actor'], requestId: `req-${uid.id}` }
  }
}

/** An application's bundle in force from Cedar text, with the directory's types in its schema. */
export function bundleOf(application: EntityUid, organizationId: OrganizationId, it: TestBundle): ActiveBundle {
  const schemaText = `${directoryTypes}\n${it.schema}`
  const policies = PolicySet.parse(it.policies, { ids: 'annotation' })
  const { errors } = policies.validate(schemaText)
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return {
    applicationId: application.id as ActiveBundle['applicationId'],
    organizationId,
    hash: createHash('sha256')
      .update(schemaText)
      .update(it.policies)
      .update(JSON.stringify(it.manifest ?? {}))
      .digest('hex'),
    policies: policies.toJsonText(),
    schema: JSON.stringify(schemaToJson(schemaText)),
    actionEntities: JSON.stringify(actionEntities(schemaText).map(entityToJson)),
    manifest: it.manifest ?? {},
  }
}

export interface TestBundle {
  readonly schema: string
  readonly policies: string
  readonly manifest?: ActiveBundle['manifest']
}

const directoryTypes = readFileSync(builtinFile('gatehouse.cedarschema'), 'utf8')
  .split('namespace Gatehouse')[0]
  ?.replace('in [Gatehouse::Deployment]', '')

const reference = createRequire(createRequire(import.meta.url).resolve('@gatehouse/cedar'))(
  '@cedar-policy/cedar-wasm/nodejs',
) as typeof import('@cedar-policy/cedar-wasm/nodejs')

function schemaToJson(text: string): unknown {
  const answer = reference.schemaToJson(text)
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  return answer.json
}

/** Opens a house, runs the body, closes it. */
export async function inHouse(scratch: Scratch, body: (house: TestHouse) => Promise<void>): Promise<void> {
  const house = await TestHouse.open(scratch)
  try {
    await body(house)
  } finally {
    await house.close()
  }
}
