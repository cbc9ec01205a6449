import type { TestBundle } from './authorization.ts'
import type { Scratch } from './engines.ts'
import { inPdp, type Pdp } from './pdp.ts'

// The fixture of "AuthZEN Authorization API 1.0 – Certification Scenario": its eight decisions, by policies of our own.
export const fixture: TestBundle = {
  schema: `entity user { role?: String };
    entity record { status?: String };
    action read, write appliesTo { principal: [user, User], resource: [record] };
    action "delete" appliesTo { principal: [user], resource: [record], context: { action?: { soft?: Bool } } };`,
  policies: `@id("read") permit (principal is user, action == Action::"read", resource is record);
    @id("alice-writes") @says("Alice may write") permit (principal == user::"alice", action == Action::"write", resource is record);
    @id("admins-write") permit (principal is user, action == Action::"write", resource is record)
      when { principal has role && principal.role == "admin" };
    @id("archived") @says("What is archived stays") forbid (principal is user, action == Action::"write", resource is record)
      when { resource has status && resource.status == "archived" }
      unless { principal has role && principal.role == "admin" };
    @id("soft") permit (principal is user, action == Action::"delete", resource is record)
      when { context has action && context.action has soft && context.action.soft };
    @id("colleagues") permit (principal is User, action == Action::"read", resource is record)
      when { principal.active };`,
  manifest: {
    types: { colleague: 'User' },
    userNames: ['id', 'username', 'email'],
    suppliedAttributes: { user: ['role'], record: ['status'] },
  },
}

export const alice = { type: 'user', id: 'alice' }
export const bob = { type: 'user', id: 'bob' }
export const read = { name: 'read' }
export const write = { name: 'write' }
export const record1 = { type: 'record', id: 'record-1' }
export const record2 = { type: 'record', id: 'record-2' }
export const archived = { ...record2, properties: { status: 'archived' } }

/** A decision point with the fixture in force. */
export const inFixture = (scratch: Scratch, body: (pdp: Pdp) => Promise<void>) => inPdp(scratch, fixture, body)
