import type { ApplicationId, OrganizationId } from '#kernel'
import type { Reader } from '#storage'

/** What a bundle says beside its policies. Everything has a safe default: an empty object. */
export interface BundleManifest {
  /** AuthZEN subject and resource types, where they are not the Cedar types by the same name: `{ "user": "User" }`. */
  readonly types?: Readonly<Record<string, string>>
  /** The namespace that action names stand in: `Acme` makes `read` into `Acme::Action::"read"`. Default: none. */
  readonly actionNamespace?: string
  /** By which of its names a caller may name a directory user, tried in this order. Default: `["id"]`. */
  readonly userNames?: readonly ('id' | 'email' | 'username')[]
  /** Attributes that a caller may supply with a request, by Cedar type. Default: none. Never those of directory types. */
  readonly suppliedAttributes?: Readonly<Record<string, readonly string[]>>
  /** Attributes, of whatever type, whose values explanations never show; beside those whose names say that they are secret. */
  readonly secretAttributes?: readonly string[]
  /** Templates that may be granted, by id. Default and empty: every template, with or without an end. */
  readonly roles?: Readonly<Record<string, BundleRole>>
}

export interface BundleRole {
  readonly title?: string
  /** Whether a grant of it must have an end. */
  readonly end: 'required' | 'optional'
  /** Longest a grant of it may last. */
  readonly longestMs?: number
  /** Kept for emergencies: each grant of it is told at once. */
  readonly breakGlass?: true
}

/** An application's policies in force. Immutable: another content has another hash. */
export interface ActiveBundle {
  readonly applicationId: ApplicationId
  readonly organizationId: OrganizationId
  /** SHA-256 of the bundle, hex. */
  readonly hash: string
  /**
   * Cedar's JSON policy set (`{ staticPolicies, templates, templateLinks: [] }`) as text; the keys are the policies' ids:
   * their `@id`, else file and number. Templates are the application's roles, by `@id`.
   */
  readonly policies: string
  /** The schema in Cedar's JSON form, as text. */
  readonly schema: string
  /**
   * The schema's actions with their groups as parents, Cedar entity JSON as text (`actionEntities` of `@gatehouse/cedar`):
   * stored so that a start needs no WASM.
   */
  readonly actionEntities: string
  readonly manifest: BundleManifest
}

/**
 * Where active bundles come from: implemented by the room `policies`, joined in `gatehouse.ts`. The snapshot loads all
 * once, then one again whenever an event touches `{ type: 'Bundle', id: applicationId }`.
 */
export interface BundleSource {
  loadAllActive(db: Reader): AsyncIterable<ActiveBundle>
  /** Undefined when the application has none (everything is then denied). */
  loadActive(db: Reader, applicationId: ApplicationId): Promise<ActiveBundle | undefined>
}
