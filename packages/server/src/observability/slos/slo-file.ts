import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { findShapeProblem, yaml } from '#config'
import { Fault, Secret, type Static, Type } from '#kernel'
import type { Objective, Severity } from './objective.ts'
import { ownObjectives } from './objectives.ts'

const closed = { additionalProperties: false } as const
const severity = Type.Union([Type.Literal('page'), Type.Literal('ticket')])
const selector = Type.Object(
  {
    metric: Type.String({ pattern: '^[a-z_:][a-z0-9_:]*$' }),
    labels: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String(), { minItems: 1 }))),
  },
  closed,
)
const bounds = {
  gauge: selector,
  above: Type.Optional(Type.Number()),
  below: Type.Optional(Type.Number()),
}
const indicator = Type.Union([
  Type.Object({ kind: Type.Literal('ratio'), bad: Type.Array(selector), total: Type.Array(selector) }, closed),
  Type.Object(
    { kind: Type.Literal('latency'), histogram: selector, overSeconds: Type.Number({ exclusiveMinimum: 0 }) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('gauge'), ...bounds }, closed),
  Type.Object(
    { kind: Type.Literal('gauges'), any: Type.Array(Type.Object(bounds, closed), { minItems: 1, maxItems: 20 }) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('monthly'), bad: Type.Array(selector), total: Type.Array(selector) }, closed),
])
const component = Type.Union(
  (['sign-in', 'tokens', 'decisions', 'policies', 'audit', 'platform', 'directory'] as const).map((one) =>
    Type.Literal(one),
  ),
)
const objective = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$' }),
    says: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    component: Type.Optional(component),
    target: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    indicator: Type.Optional(indicator),
    severity: Type.Optional(severity),
    runbook: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]*$|^https://' })),
    leastEvents: Type.Optional(Type.Integer({ minimum: 1 })),
    off: Type.Optional(Type.Boolean({ description: 'true: not watched' })),
  },
  closed,
)
const receiver = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$' }),
    webhook: Type.Optional(Type.String({ pattern: '^https?://' })),
    mail: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^\\s@<>",]+@[^\\s@<>",]+$' }), { minItems: 1, maxItems: 20 }),
    ),
    secretFile: Type.Optional(Type.String({ minLength: 1 })),
    severities: Type.Optional(Type.Array(severity, { minItems: 1 })),
    components: Type.Optional(Type.Array(component, { minItems: 1 })),
    afterMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
  },
  closed,
)
const file = Type.Object(
  {
    objectives: Type.Optional(Type.Array(objective, { maxItems: 200 })),
    receivers: Type.Optional(Type.Array(receiver, { maxItems: 50 })),
  },
  closed,
)

/** Where alerts go. */
export interface Receiver {
  readonly name: string
  /** One of the two, or both. */
  readonly webhook?: string
  readonly mail?: readonly string[]
  /** Key of the HMAC-SHA-256 in `Gatehouse-Signature`. */
  readonly secret?: Secret
  readonly severities?: readonly Severity[]
  readonly components?: readonly string[]
  /** Escalation: told only when nobody has acknowledged the alert this many minutes after it opened. */
  readonly afterMinutes?: number
}

export interface Watched {
  readonly objectives: readonly Objective[]
  readonly receivers: readonly Receiver[]
}

/**
 * Objectives and receivers: the product's own, changed and joined by those of the file, by name.
 * @throws {Fault} `config.invalid` with file and line
 */
export function readSloFile(path: string | undefined): Watched {
  if (path === undefined) return { objectives: ownObjectives, receivers: [] }
  const told = parse(path)
  const objectives = new Map(ownObjectives.map((one) => [one.name, one]))
  for (const { off, ...change } of told.objectives ?? []) {
    const before = objectives.get(change.name)
    if (off === true) objectives.delete(change.name)
    else objectives.set(change.name, complete(path, { ...before, ...change }))
  }
  for (const { name, webhook, mail } of told.receivers ?? [])
    if (webhook === undefined && mail === undefined) throw wrong(path, `receiver ${name} needs "webhook" or "mail"`)
  const receivers = (told.receivers ?? []).map(({ secretFile, ...rest }) => ({
    ...rest,
    ...(secretFile !== undefined && { secret: new Secret(readSecret(path, secretFile)) }),
  }))
  return { objectives: [...objectives.values()], receivers }
}

function complete(path: string, given: Partial<Objective> & { name: string }): Objective {
  for (const member of ['says', 'component', 'target', 'indicator', 'severity', 'runbook'] as const)
    if (given[member] === undefined) throw wrong(path, `objective ${given.name} is new and needs "${member}"`)
  return given as Objective
}

function parse(path: string): Static<typeof file> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw wrong(path, `cannot be read (${(cause as { code?: string }).code})`)
  }
  const { LineCounter, parseDocument } = yaml()
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const broken = document.errors[0]
  if (broken !== undefined) throw wrong(`${path}:${broken.linePos?.[0].line ?? 1}`, `is not YAML (${broken.code})`)
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {}
  const problem = findShapeProblem(file, value)
  if (problem === undefined) return value as Static<typeof file>
  const way = problem.instancePath.split('/').slice(1)
  const node = document.getIn(
    way.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
    true,
  ) as { range?: [number, number, number] } | undefined
  const line = node?.range === undefined ? 1 : lines.linePos(node.range[0]).line
  throw wrong(`${path}:${line}`, `${way.join('.') || 'the file'} ${problem.message}`)
}

function readSecret(path: string, secretFile: string): string {
  try {
    const text = readFileSync(resolve(dirname(path), secretFile), 'utf8').trim()
    if (text.length >= 16) return text
  } catch (cause) {
    throw wrong(path, `names ${secretFile}, which cannot be read (${(cause as { code?: string }).code})`)
  }
  throw wrong(path, `names ${secretFile}, which holds fewer than 16 characters`)
}

function wrong(place: string, what: string): Fault {
  return new Fault('config.invalid', { detail: `${place}: ${what}` })
}
