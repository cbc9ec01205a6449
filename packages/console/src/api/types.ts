export interface Uid {
  readonly type: string
  readonly id: string
}
export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}
export interface Stamped {
  readonly id: string
  readonly revision: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
}
export interface Me {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly organization: { readonly id: string; readonly name: string; readonly displayName: string }
}
export interface Grant {
  readonly id: string
  readonly organizationId?: string
  readonly applicationId?: string
  readonly role: string
  readonly principal: Uid
  readonly resource: Uid
  readonly fromMs: number
  readonly untilMs?: number
  readonly state: 'pending' | 'in_force' | 'ended'
  readonly why: string
  readonly grantedBy: Actor
  readonly createdAtMs: number
}
export interface Actor {
  readonly type: string
  readonly id?: string
  readonly name: string
}
export interface FeedEvent {
  readonly position: number
  readonly type: string
  readonly atMs: number
  readonly organizationId?: string
  readonly object: { readonly type: string; readonly id: string; readonly name?: string }
  readonly revision?: number
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly actor: Actor
  readonly requestId: string
  readonly sessionId?: string
  readonly address?: string
  readonly data: unknown
}
export interface KeptDecision {
  readonly number: number
  readonly atMs: number
  readonly requestId: string
  readonly via: 'gate' | 'authzen' | 'forward-auth'
  readonly applicationId?: string
  readonly principal: Uid
  readonly action: Uid
  readonly resource: Uid
  readonly outcome: 'allow' | 'deny_policy' | 'deny_default' | 'deny_error'
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
  readonly bundle: string
  readonly tookMicros: number
}
export interface ExplainedPart {
  readonly policy: string
  readonly effect: string
  readonly role?: string
  readonly says?: string
  readonly grant?: { readonly id: string; readonly principal: Uid; readonly resource: Uid }
  readonly outOfScope: readonly string[]
  readonly failed?: {
    readonly kind: string
    readonly text: string
    readonly values: readonly { readonly expression: string; readonly value: string }[]
    readonly error?: string
  }
  readonly paths: readonly (readonly Uid[])[]
}
export interface Explained {
  readonly decision: boolean
  readonly outcome: string
  readonly says: string
  readonly reasons: readonly { readonly id: string; readonly role?: string; readonly says?: string }[]
  readonly errors: readonly { readonly policy: string; readonly message: string }[]
  readonly bundle: string
  readonly principal: Uid
  readonly action: Uid
  readonly resource: Uid
  readonly decided: readonly ExplainedPart[]
  readonly nearly: readonly ExplainedPart[]
  readonly turns: readonly Turn[]
}
export type Turn =
  | { readonly kind: 'grant'; readonly role: string; readonly principal: Uid; readonly resource: Uid }
  | { readonly kind: 'revoke'; readonly grants: readonly string[] }
  | { readonly kind: 'activate'; readonly principal: Uid }
  | { readonly kind: 'policy'; readonly policies: readonly string[] }
export interface Placed {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly says: string
  readonly help?: string
}
export interface TestResult {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly passed: boolean
  readonly decision: 'allow' | 'deny'
  readonly because: readonly string[]
}
export interface Activation {
  readonly number: number
  readonly hash: string
  readonly kind: 'apply' | 'rollback'
  readonly comment?: string
  readonly by: Actor
  readonly activatedAtMs: number
}
export interface Validation {
  readonly valid: boolean
  readonly hash?: string
  readonly problems: readonly Placed[]
  readonly warnings: readonly Placed[]
  readonly tests: readonly TestResult[]
  readonly diff?: {
    readonly files: readonly { readonly file: string; readonly change: string }[]
    readonly policies: readonly { readonly id: string; readonly change: string; readonly effect: string }[]
  }
  readonly dangling?: readonly { readonly id: string; readonly role: string }[]
}
