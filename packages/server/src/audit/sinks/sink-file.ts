import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { findShapeProblem, yaml } from '#config'
import { type Clock, Fault, Secret, type Static, Type } from '#kernel'
import type { Outgoing } from '#web'
import { fileSink } from './file.ts'
import { otlpSink } from './otlp.ts'
import type { Sink } from './sink.ts'
import { syslogSink } from './syslog.ts'
import { webhookSink } from './webhook.ts'
import '../faults.ts'

const name = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })
const common = {
  name,
  format: Type.Optional(Type.Union([Type.Literal('ocsf'), Type.Literal('ocsf-1.8'), Type.Literal('gatehouse')])),
  /** Where a new sink begins: at the first event (default), or with what comes. */
  from: Type.Optional(Type.Union([Type.Literal('first'), Type.Literal('now')])),
}
const closed = { additionalProperties: false }
const shapes = {
  syslog: Type.Object(
    {
      ...common,
      kind: Type.Literal('syslog'),
      host: Type.String({ minLength: 1, maxLength: 255 }),
      port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
      ca_file: Type.Optional(Type.String()),
      certificate_file: Type.Optional(Type.String()),
      key_file: Type.Optional(Type.String()),
    },
    closed,
  ),
  webhook: Type.Object(
    { ...common, kind: Type.Literal('webhook'), url: Type.String(), secret_file: Type.String() },
    closed,
  ),
  file: Type.Object(
    {
      ...common,
      kind: Type.Literal('file'),
      path: Type.String(),
      rotate_bytes: Type.Optional(Type.Integer({ minimum: 1_000 })),
      keep: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
    },
    closed,
  ),
  otlp: Type.Object(
    {
      ...common,
      kind: Type.Literal('otlp'),
      url: Type.String(),
      /** YAML or JSON of headers, as in `authorization: Bearer …`. */
      headers_file: Type.Optional(Type.String()),
    },
    closed,
  ),
}

export interface NamedSink {
  readonly sink: Sink
  readonly from: 'first' | 'now'
}

/**
 * Reads the file of sinks: `sinks:`, a list; files it names are beside it.
 * @throws {Fault} `audit.sinks_invalid` with file, entry and what is wrong
 */
export function readSinkFile(path: string, deps: { outgoing: Outgoing; clock: Clock }): NamedSink[] {
  const wrong = (why: string, cause?: unknown) => new Fault('audit.sinks_invalid', { detail: `${path}: ${why}`, cause })
  const read = (file: string): string => {
    try {
      return readFileSync(resolve(dirname(path), file), 'utf8')
    } catch (cause) {
      throw wrong(`${file} cannot be read (${(cause as { code?: string }).code})`, cause)
    }
  }
  const parse = (text: string): unknown => {
    try {
      return yaml().parse(text, { maxAliasCount: 0 })
    } catch (cause) {
      throw wrong(cause instanceof Error ? (cause.message.split('\n')[0] as string) : 'is not YAML', cause)
    }
  }
  const parsed = parse(read(path)) as { sinks?: unknown } | null
  if (typeof parsed !== 'object' || parsed === null || !Array.isArray(parsed.sinks) || Object.keys(parsed).length !== 1)
    throw wrong('must have "sinks:", a list, and nothing else')
  const seen = new Set<string>()
  return parsed.sinks.map((entry: unknown, at) => {
    const kind = (entry as { kind?: unknown } | null)?.kind
    const shape = shapes[kind as keyof typeof shapes]
    if (shape === undefined) throw wrong(`sink ${at + 1}: kind must be one of ${Object.keys(shapes).join(', ')}`)
    const problem = findShapeProblem(shape, entry)
    if (problem !== undefined) throw wrong(`sink ${at + 1}${problem.instancePath}: ${problem.message}`)
    const told = entry as { name: string; from?: 'first' | 'now' }
    if (seen.has(told.name)) throw wrong(`sink ${at + 1}: the name ${told.name} is taken`)
    seen.add(told.name)
    return { from: told.from ?? 'first', sink: makeSink(entry as Entry) }
  })

  type Entry =
    | Static<typeof shapes.syslog>
    | Static<typeof shapes.webhook>
    | Static<typeof shapes.file>
    | Static<typeof shapes.otlp>

  function makeSink(entry: Entry): Sink {
    const { name, format = 'ocsf' } = entry
    if (entry.kind === 'syslog')
      return syslogSink(deps.outgoing, {
        name,
        format,
        host: entry.host,
        port: entry.port ?? 6514,
        ...(entry.ca_file !== undefined && { ca: read(entry.ca_file) }),
        ...(entry.certificate_file !== undefined && { certificate: read(entry.certificate_file) }),
        ...(entry.key_file !== undefined && { key: read(entry.key_file) }),
      })
    if (entry.kind === 'webhook') {
      const secret = read(entry.secret_file).trim()
      if (secret.length < 16) throw wrong(`the secret of ${name} is shorter than 16 characters`)
      return webhookSink(deps.outgoing, deps.clock, { name, format, url: entry.url, secret: new Secret(secret) })
    }
    if (entry.kind === 'otlp') {
      const headers = entry.headers_file === undefined ? {} : parse(read(entry.headers_file))
      if (findShapeProblem(Type.Record(Type.String(), Type.String()), headers) !== undefined)
        throw wrong(`the headers of ${name} are no mapping of texts`)
      return otlpSink(deps.outgoing, { name, format, url: entry.url, headers: headers as Record<string, string> })
    }
    const { path: file, rotate_bytes: rotateBytes = 100_000_000, keep = 10 } = entry
    return fileSink({ name, format, path: resolve(dirname(path), file), rotateBytes, keep })
  }
}
