import type * as Wasm from '@cedar-policy/cedar-wasm/nodejs'
import { offsetOfByte, placeOf } from './errors.ts'
import type { Link } from './link.ts'
import { ask, refusal } from './reference.ts'
import { Schema, type SchemaSource } from './schema.ts'

/** Where a policy came from: its JSON form, and its text with the place of that in the whole, if it was text. */
export type Source = {
  json: unknown
  template: boolean
  text: string | undefined
  whole: string
  offset: number
}

/** A finding of the validator. `start` and `end` are UTF-16 offsets in the text that was parsed. */
export type Finding = {
  readonly policy: string
  readonly message: string
  readonly help: string | undefined
  readonly place: { start: number; end: number; line: number; column: number } | undefined
}

export type Validation = { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] }

const mostLinks = 10_000

/** Type-checks policies and templates, and up to 10,000 links, with the reference's validator. */
export function validatePolicies(
  sources: ReadonlyMap<string, Source>,
  links: Iterable<Link>,
  schema: SchemaSource,
): Validation {
  Schema.parse(schema)
  const staticPolicies: Record<string, Wasm.Policy> = Object.create(null)
  const templates: Record<string, Wasm.Template> = Object.create(null)
  for (const [id, source] of sources) {
    const policy = source.text ?? (withoutLongs(source.json) as Wasm.PolicyJson)
    if (source.template) templates[id] = policy
    else staticPolicies[id] = policy
  }
  const templateLinks: Wasm.TemplateLink[] = []
  for (const link of links) {
    if (templateLinks.length >= mostLinks) break
    const values: Record<string, Wasm.TypeAndId> = {}
    if (link.principal !== undefined) values['?principal'] = link.principal
    if (link.resource !== undefined) values['?resource'] = link.resource
    templateLinks.push({ templateId: link.template, newId: link.id, values })
  }
  const policies: Wasm.PolicySet = { staticPolicies, templates, templateLinks }
  const answer = ask((reference) => reference.validate({ schema: schema as Wasm.Schema, policies }))
  if (answer.type === 'failure') throw refusal('json', answer.errors)
  return {
    errors: answer.validationErrors.map((error) => finding(error, sources)),
    warnings: [
      ...answer.validationWarnings.map((warning) => finding(warning, sources)),
      ...answer.otherWarnings.map((error) => finding({ policyId: '', error }, sources)),
    ],
  }
}

function finding({ policyId, error }: Wasm.ValidationError, sources: ReadonlyMap<string, Source>): Finding {
  const source = sources.get(policyId)
  const label = error.sourceLocations?.[0]
  let place: Finding['place']
  if (source?.text !== undefined && label !== undefined) {
    const start = source.offset + offsetOfByte(source.text, label.start)
    const end = source.offset + offsetOfByte(source.text, label.end)
    place = { start, end, ...placeOf(source.whole, start) }
  }
  return { policy: policyId, message: error.message, help: error.help ?? undefined, place }
}

/** The validator looks at no integer's value, and the reference takes none that is a `bigint`. */
function withoutLongs(json: unknown): unknown {
  if (typeof json === 'bigint') return json < 0n ? -1 : 1
  if (Array.isArray(json)) return json.map(withoutLongs)
  if (typeof json !== 'object' || json === null) return json
  const copy: { [key: string]: unknown } = Object.create(null)
  for (const key of Object.keys(json)) copy[key] = withoutLongs((json as { [key: string]: unknown })[key])
  return copy
}
