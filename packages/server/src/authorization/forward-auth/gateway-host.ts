import type { Entity } from '@gatehouse/cedar'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApplicationId, Clock } from '#kernel'
import type { Decision, DecisionRequest } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Recorder } from '../journal/recorder.ts'
import type { Obligation } from '../obligations/obligation.ts'
import type { EdgeLimits } from './edge-limits.ts'
import type { Forwarded } from './forwarded.ts'
import type { KnownApplication } from './gateway-memory.ts'
import type { Identified } from './identify.ts'
import type { GatewayPages } from './ports.ts'

/** The policies of one application, as a gateway's question needs them. */
export interface GatewayPolicies {
  /** The type of its actions. */
  readonly actionType: string
  /** Whatever goes wrong denies. */
  decide(request: DecisionRequest, nowMs: number): Decision
  obligations(decision: Decision, request: DecisionRequest): readonly Obligation[] | undefined
  /** What one policy or grant obliges to. */
  rulesOf(id: string): readonly { readonly type: string }[] | undefined
  annotationsOf(id: string, nowMs: number): { readonly [name: string]: string } | undefined
}

/**
 * Where questions of gateways are answered: the server, which knows sessions and signs identities, or a replica of one application
 * beside its gateway (`gatehouse pdp`).
 */
export interface GatewayHost {
  readonly clock: Clock
  readonly recorder: Pick<Recorder, 'keepSoon'>
  /** Undefined for none. */
  readonly limits: EdgeLimits | undefined
  readonly pages: GatewayPages
  /** Where people change how they sign in. */
  readonly account: string
  byOrigin(origin: string): KnownApplication | undefined
  policies(application: ApplicationId): GatewayPolicies | undefined
  /** Whether a principal of the directory exists and is active. */
  isFit(principal: EntityUid): boolean
  find(principal: EntityUid): Entity | undefined
  identify(
    request: FastifyRequest,
    forwarded: Forwarded,
    application: ApplicationId,
    nowMs: number,
  ): Promise<Identified | 'none' | 'bad-token' | 'not-now'>
  /** The identity that is handed on, for the application. */
  identity(
    application: ApplicationId,
    entity: Entity | undefined,
    identified: Identified,
    request: FastifyRequest,
  ): string | Promise<string>
  /** Answers what is under `/.gatehouse/` on the application's own host. */
  ownPath(
    forwarded: Forwarded,
    path: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply | Promise<FastifyReply>
  /**
   * An answer from elsewhere, where this host must not give one: asked with the path first, then with the action. The replica's
   * way to the centre; the server has none.
   */
  elsewhere?(
    request: FastifyRequest,
    reply: FastifyReply,
    what: { readonly path: string } | { readonly action: string },
  ): FastifyReply | Promise<FastifyReply> | undefined
}
