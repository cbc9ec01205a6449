import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider'
import type { Clock } from '#kernel'
import { type Artifact, artifactId } from '../artifacts/artifact.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { revokeGrantNow, revokeTokenNow } from './revoke.ts'
import { type Sealer, sealText, unsealText } from './sealer.ts'
import { isRevoked, jwtArtifactId } from './stored-token.ts'
import { Unit } from './unit.ts'

export interface AdapterDeps {
  readonly clock: Clock
  readonly revocations: RevocationSet
  /** How long a rotated refresh token may come again: two tabs, a reply that was lost. */
  readonly refreshGraceMs: number
  readonly sealer: Sealer
}

const accessTokens = new Set(['AccessToken', 'ClientCredentials'])
/** Kinds that a person answers, while the client waits with their identifier. */
const waiting = new Set(['DeviceCode', 'BackchannelAuthenticationRequest'])
/** How long a client that waits is told that the time to answer is over (`expired_token`), not that it was never asked. */
const toldEndedMs = 60_000
const opaqueTokens = new Set([...accessTokens, 'RefreshToken'])

/** `oidc-provider`'s storage, one for each of its models: reads the database, writes to the request's unit. */
export class StorageAdapter implements Adapter {
  readonly #deps: AdapterDeps
  readonly #kind: string

  constructor(deps: AdapterDeps, kind: string) {
    this.#deps = deps
    this.#kind = kind
  }

  async upsert(identifier: string, payload: AdapterPayload, expiresInSeconds: number): Promise<void> {
    const unit = Unit.current()
    const artifact = this.#toArtifact(identifier, payload, expiresInSeconds)
    if (this.#kind === 'ReplayDetection') return unit.claim(artifact)
    if (this.#kind === 'DeviceCode' && payload.userCode !== undefined)
      unit.put(this.#toUserCode(payload.userCode, artifact))
    if (!opaqueTokens.has(this.#kind)) return unit.put(artifact)
    unit.insert(artifact)
    unit.issued.push({
      kind: this.#kind === 'RefreshToken' ? 'refresh_token' : 'access_token',
      format: 'opaque',
      hash: artifact.id,
      scope: payload.scope,
      audience: payload.aud as string | undefined,
      expiresAtMs: artifact.expiresAtMs,
      grantId: payload.grantId,
      sessionId: payload.sessionUid,
    })
  }

  async find(identifier: string): Promise<AdapterPayload | undefined> {
    const unit = Unit.current()
    const presented = unit.presented?.handle === identifier ? unit.presented : undefined
    if (presented !== undefined && presented.kind !== this.#kind) return undefined
    const artifact = await unit.find(this.#idOf(identifier), waiting.has(this.#kind) ? toldEndedMs : 0)
    if (artifact === undefined || artifact.kind !== this.#kind || isRevoked(this.#deps.revocations, artifact))
      return undefined
    const payload = await this.#toPayload(artifact, presented?.jti ?? identifier)
    // INVARIANT: by whichever clock, what has ended is ended to the provider, which checks it before all else.
    return artifact.expiresAtMs <= this.#deps.clock.nowMs() ? { ...payload, exp: 1 } : payload
  }

  async #toPayload(artifact: Artifact, jti: string): Promise<AdapterPayload> {
    const unit = Unit.current()
    const { aud, sealed: _, sealedDeviceCode, ...payload } = artifact.payload
    const withAudience = aud !== undefined && unit.presented?.withAudience !== false
    const consumed = artifact.consumedAtMs !== undefined && !this.#inGrace(artifact.consumedAtMs)
    return {
      ...payload,
      jti,
      ...(sealedDeviceCode !== undefined && {
        deviceCode: await unsealText(this.#deps.sealer, sealedDeviceCode as string, artifact.id),
      }),
      ...(withAudience && { aud: aud as string }),
      ...(consumed && { consumed: true }),
    }
  }

  async consume(identifier: string): Promise<void> {
    const unit = Unit.current()
    const artifact = await unit.find(this.#idOf(identifier))
    // Another request that used it at the same time may have ended the grant and all that hung on it since it was found.
    if (artifact === undefined) return unit.consumeGone(this.#kind)
    unit.consume(artifact, this.#kind === 'RefreshToken' ? this.#deps.refreshGraceMs : 0)
  }

  async destroy(identifier: string): Promise<void> {
    if (this.#kind === 'Grant') return this.revokeByGrantId(identifier)
    const unit = Unit.current()
    const { presented } = unit
    const artifact = await unit.find(
      presented?.jti === identifier
        ? jwtArtifactId(presented.jti, presented.issuedAtSeconds)
        : artifactId(this.#kind, identifier),
    )
    if (artifact === undefined) return
    unit.delete(artifact.id, true)
    if (accessTokens.has(this.#kind)) revokeTokenNow(this.#deps, unit, artifact)
  }

  /**
   * Ends the grant and all that hangs on it: the provider asks once for each kind, and one asking does it all. An access token
   * that its client gives back ends alone (RFC 7009 §2.1 leaves it to us).
   */
  async revokeByGrantId(grantId: string): Promise<void> {
    const oidc = Provider.ctx?.oidc
    if (oidc?.route === 'revocation' && oidc.entities.RefreshToken === undefined) return
    const reason =
      oidc?.route === 'token' ? 'reuse_detected' : oidc?.route === 'revocation' ? 'revoked_by_client' : 'signed_out'
    const { accountId: subject } = oidc?.entities.Grant ?? {}
    const clientId = oidc?.client?.clientId
    revokeGrantNow(this.#deps, Unit.current(), { grantId, clientId, subject }, reason)
  }

  async findByUid(): Promise<undefined> {
    return undefined // sessions are authentication's: see sessions.ts
  }

  /** The device code that a person was shown this code for (RFC 8628 §3.3). */
  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const named = await Unit.current().find(artifactId('UserCode', userCode))
    const found = named === undefined ? undefined : await this.findWaiting(named.payload.of as string)
    return found && { ...found, userCode }
  }

  /** What waits for a person's answer, by its artifact's id: its own identifier is known to the client only, and sealed here. */
  async findWaiting(id: string): Promise<AdapterPayload | undefined> {
    const artifact = await Unit.current().find(id)
    if (artifact === undefined || artifact.kind !== this.#kind || isRevoked(this.#deps.revocations, artifact))
      return undefined
    return this.#toPayload(artifact, await unsealText(this.#deps.sealer, artifact.payload.sealed as string, id))
  }

  #toUserCode(userCode: string, { id, ...of }: Artifact): Artifact {
    return { ...of, id: artifactId('UserCode', userCode), kind: 'UserCode', payload: { of: id } }
  }

  #idOf(identifier: string): string {
    const { presented } = Unit.current()
    return presented?.handle === identifier
      ? jwtArtifactId(presented.jti, presented.issuedAtSeconds)
      : artifactId(this.#kind, identifier)
  }

  #inGrace(consumedAtMs: number): boolean {
    return this.#kind === 'RefreshToken' && consumedAtMs + this.#deps.refreshGraceMs > this.#deps.clock.nowMs()
  }

  #toArtifact(identifier: string, payload: AdapterPayload, expiresInSeconds: number): Artifact {
    const {
      jti: _,
      consumed: __,
      userCode: ___,
      deviceCode,
      ...rest
    } = payload as AdapterPayload & { deviceCode?: string }
    const nowMs = this.#deps.clock.nowMs()
    const { sealer } = this.#deps
    const id = artifactId(this.#kind, identifier)
    return {
      id,
      kind: this.#kind,
      clientId: payload.clientId,
      subject: payload.accountId,
      grantId: this.#kind === 'Grant' ? identifier : payload.grantId,
      sessionId:
        this.#kind === 'Session'
          ? (payload.uid as string)
          : payload.expiresWithSession === true
            ? payload.sessionUid
            : undefined,
      payload: {
        ...rest,
        ...(waiting.has(this.#kind) && { sealed: sealText(sealer, identifier, id) }),
        ...(deviceCode !== undefined && { sealedDeviceCode: sealText(sealer, deviceCode, id) }),
      },
      issuedAtMs: typeof payload.iat === 'number' && this.#kind !== 'Grant' ? payload.iat * 1_000 : nowMs,
      expiresAtMs: nowMs + expiresInSeconds * 1_000,
      consumedAtMs: undefined,
    }
  }
}
