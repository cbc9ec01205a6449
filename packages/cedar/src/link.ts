import { CedarError } from './errors.ts'
import { isPlainObject } from './json.ts'
import type { EntityUid } from './request.ts'
import { uidFromJson } from './value-json.ts'

/** One link: a template with its slots filled, under an id of its own. */
export type Link = {
  readonly template: string
  readonly id: string
  readonly principal?: EntityUid | undefined
  readonly resource?: EntityUid | undefined
}

/** Cedar's JSON form of a link. */
export function linkToJson(link: Link): object {
  const values: { [slot: string]: EntityUid } = {}
  if (link.principal !== undefined) values['?principal'] = link.principal
  if (link.resource !== undefined) values['?resource'] = link.resource
  return { templateId: link.template, newId: link.id, values }
}

/** A link from Cedar's JSON form. @throws {CedarError} `json`, `link` */
export function linkFromJson(json: unknown): Link {
  if (!isPlainObject(json) || typeof json.templateId !== 'string' || typeof json.newId !== 'string')
    throw new CedarError('json', 'a link is { templateId, newId, values }')
  if (!isPlainObject(json.values)) throw new CedarError('json', `link \`${json.newId}\`: values must be an object`)
  for (const slot of Object.keys(json.values))
    if (slot !== '?principal' && slot !== '?resource')
      throw new CedarError('link', `link \`${json.newId}\`: there is no slot ${slot}`, { policy: json.newId })
  const value = (slot: string) => {
    const given = (json.values as { [key: string]: unknown })[slot]
    return given === undefined ? undefined : uidFromJson(given, `link \`${json.newId}\``)
  }
  return { template: json.templateId, id: json.newId, principal: value('?principal'), resource: value('?resource') }
}
