import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Act, type ApplicationId, Fault, isFault, type Meter } from '#kernel'
import { sendProblem, toWebFault, type Web } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import '../faults.ts'
import type { CookieSealer } from '../forward-auth/ports.ts'
import type { Recorder } from '../journal/recorder.ts'
import { addPlan } from '../plan/plan.routes.ts'
import { addSearch } from '../search/search.routes.ts'
import { requireAskedApplication } from './caller.ts'
import { addDiscovery, type MetadataSigner } from './discovery.ts'
import { type Answered, type Asking, evaluate, evaluateAll } from './evaluate.ts'
import type { OwnTokens } from './own-token.ts'
import { type Members, type Options, readBody, readEvaluation, readEvaluations, readOptions } from './request.ts'

export interface AuthzenDeps extends AuthorizationDeps {
  readonly recorder: Recorder
  readonly meter: Meter
  readonly keyring: MetadataSigner & CookieSealer
  /** There once tokens are. */
  readonly ownTokens: () => OwnTokens | undefined
}

/** Whose request it is, on the request itself: a table beside it costs the collector of garbage more than the answer. */
const actKey = Symbol('act')
interface Asked extends FastifyRequest {
  [actKey]?: Act
}
const actIn = (request: FastifyRequest): Act => (request as Asked)[actKey] as Act

const permitted = '{"decision":true}'
const denied = '{"decision":false}'
const json = 'application/json; charset=utf-8'

/**
 * The AuthZEN Authorization API 1.0: `/access/v1/evaluation` and `/access/v1/evaluations`. They take nothing but
 * `application/json`; every malformed request is 400 (the specification's error table), told as a problem document.
 */
export async function addAuthzen(web: Web, deps: AuthzenDeps): Promise<void> {
  const ask = (request: FastifyRequest): { body: Members; options: Options; asking: Asking } => {
    const act = actIn(request)
    const body = readBody(request.body)
    const options = readOptions(body)
    const nowMs = deps.clock.nowMs()
    const application = requireAskedApplication({ ...deps, nowMs }, request, act, options.explain)
    const caller = { type: act.actor.type, id: 'id' in act.actor ? act.actor.id : act.actor.name }
    return { body, options, asking: { application, caller, requestId: act.requestId } }
  }
  const actOf = (request: FastifyRequest): Act | Promise<Act> => {
    const actor = deps.ownTokens()?.actorOf(request)
    return actor === undefined ? web.actOf(request) : { actor, requestId: request.id, address: request.ip }
  }
  const evaluating = { ...deps, readToken: (token: string, id: ApplicationId) => deps.ownTokens()?.read(token, id) }
  await web.app.register(async (app) => {
    answerAsSpecified(app)
    app.decorateRequest(actKey)
    app.addHook('onRequest', echoRequestId)
    // Before the body is read: whom nobody knows costs no parsing, and learns nothing of what is wrong with the request.
    app.addHook('preParsing', (request, _reply, payload, done) => {
      const go = (act: Act) => {
        if (act.actor.type === 'anonymous') return done(new Fault('web.unauthenticated'))
        ;(request as Asked)[actKey] = act
        done(null, payload)
      }
      try {
        const act = actOf(request)
        if (act instanceof Promise) act.then(go, done)
        else go(act)
      } catch (error) {
        done(error as Error)
      }
    })
    app.post('/access/v1/evaluation', { bodyLimit: 256 * 1024 }, (request, reply) => {
      const { body, options, asking } = ask(request)
      return evaluate(evaluating, asking, readEvaluation(body, undefined, '/body'), options).then((answered) => {
        reply.header('cache-control', 'no-store').type(json)
        return show(answered)
      })
    })
    app.post('/access/v1/evaluations', { bodyLimit: 4 * 2 ** 20 }, async (request, reply) => {
      const { body, options, asking } = ask(request)
      const list = readEvaluations(body)
      const answered =
        list === undefined
          ? show(await evaluate(evaluating, asking, readEvaluation(body, undefined, '/body'), options))
          : showAll(await evaluateAll(evaluating, asking, list, body, options))
      reply.header('cache-control', 'no-store').type(json)
      return answered
    })
    addSearch(app, deps, actIn)
    addPlan(app, deps, actIn)
  })
  addDiscovery(web, deps)
}

const show = (answered: Answered): string => {
  if (answered.context === undefined) return answered.decision ? permitted : denied
  return JSON.stringify(answered)
}

function showAll(answers: readonly Answered[]): string {
  let text = '{"evaluations":['
  for (let at = 0; at < answers.length; at++) text += (at === 0 ? '' : ',') + show(answers[at] as Answered)
  return `${text}]}`
}

/**
 * A request is answered under its own identifier, an arbitrary string (AuthZEN 1.0, "Request Identification in a Response"). One
 * that is not of our form is not written down: the record knows such a request by `Gatehouse-Request-ID`.
 */
function echoRequestId(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const given = request.headers['x-request-id']
  if (typeof given === 'string' && given !== request.id && /^[\x20-\x7e]{1,512}$/.test(given))
    reply.header('x-request-id', given).header('gatehouse-request-id', request.id)
  done()
}

function answerAsSpecified(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const fault = toWebFault(error)
    const malformed = isFault(fault, 'web.unsupported_media') || isFault(fault, 'web.malformed')
    if (!malformed) return sendProblem(request, reply, fault)
    return sendProblem(
      request,
      reply,
      new Fault('authorization.request_invalid', { detail: fault.says, cause: fault.cause }),
    )
  })
}
