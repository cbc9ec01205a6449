/**
 * Cedar policies compiled to closures: parse, validate, decide, explain. No I/O, no clock.
 * Parsing, formatting and validation are the reference's (WebAssembly, loaded when first needed); decisions are ours.
 */
export type { Decision } from './decide.ts'
export { Entities } from './entities.ts'
export { type Entity, type EntityView, entityFromJson, entityToJson, Lineage, layered } from './entity.ts'
export { CedarError, type CedarErrorCode } from './errors.ts'
export type { Explanation, PolicyExplanation } from './explain.ts'
export type { Clause, Path } from './explain-clause.ts'
export { type Json, parseJson, stringifyJson } from './json.ts'
export { limits } from './limits.ts'
export type { Link } from './link.ts'
export { formatPartial, type Partial, type PartialRequest, type ResidualPolicy } from './partial.ts'
export { type PartialJson, type PolicyJson, partialToJson } from './partial-json.ts'
export { type ParseOptions, PolicySet } from './policy-set.ts'
export { formatPolicies } from './policy-text.ts'
export { releaseReference } from './reference.ts'
export type { EntityUid, Request } from './request.ts'
export { actionEntities, Schema, type SchemaSource, validateSchema } from './schema.ts'
export { type Found, type Listing, listed, type SearchOptions } from './search.ts'
export type { Finding, Validation } from './validate.ts'
export { CedarRecord, CedarSet, Extension, formatUid, formatValue, Uid, type Value } from './value.ts'
export { valueFromJson, valueToJson } from './value-json.ts'
