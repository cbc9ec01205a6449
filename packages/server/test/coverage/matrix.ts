import { loadBuiltin } from '../../src/authorization/builtin/builtin.ts'
import type { Gatehouse } from '../../src/gatehouse.ts'
import { whyUndecided } from './protocol-routes.ts'

const columns: readonly [role: string, short: string][] = [
  ['owner', 'owner'],
  ['administrator', 'admin'],
  ['user-administrator', 'user admin'],
  ['application-administrator', 'app admin'],
  ['policy-administrator', 'policy admin'],
  ['auditor', 'auditor'],
  ['operator', 'operator'],
  ['decider', 'decider'],
  ['searcher', 'searcher'],
  ['replica', 'replica'],
]
/** Roles that only other protocols than operations ask for: see docs/tokens.md. */
const byProtocol = new Set(['delegate', 'impersonator'])
/** What an application may do about itself: the policy `own-application`. */
const ofItself = new Set(['decide', 'explainDecision', 'planAccess', 'viewEntities', 'pushEntities'])

/** The role × operation matrix of a started server, as the text of `docs/permission-matrix.md`. */
export function makeMatrix({ web }: Pick<Gatehouse, 'web'>): string {
  const { roles, actions } = loadBuiltin()
  const strange = [...roles.keys()].filter((name) => !byProtocol.has(name) && !columns.some(([role]) => role === name))
  if (strange.length > 0) throw new Error(`the matrix has no column for ${strange.join(', ')}`)
  const may = (role: string, action: string) => roles.get(role)?.actions?.has(action) ?? true
  const operations = [...web.operations].sort((a, b) => (a.id < b.id ? -1 : 1))
  const decided = operations.flatMap(({ id, method, url, access }) =>
    access.kind === 'action'
      ? [
          `| ${id} | \`${method} ${url}\` | ${access.action} | ${columns.map(([role]) => (may(role, access.action) ? '●' : '')).join(' | ')} | ${ofItself.has(access.action) ? '●' : ''} |`,
        ]
      : [],
  )
  const others = operations.flatMap(({ id, method, url, access }) =>
    access.kind === 'action' ? [] : [`| ${id} | \`${method} ${url}\` | ${access.kind} | ${access.why} |`],
  )
  const isOperation = new Set(operations.map(({ method, url }) => `${method} ${url}`))
  const undecided = new Map<string, { methods: string[]; why: string }>()
  for (const { method, url } of web.routes) {
    if (isOperation.has(`${method} ${url}`)) continue
    const shown = url.startsWith('/assets/') ? '/assets/*' : url
    const row = undecided.get(shown) ?? { methods: [], why: whyUndecided(url) ?? '**not accounted for**' }
    if (!row.methods.includes(method)) row.methods.push(method)
    undecided.set(shown, row)
  }
  const used = new Set(operations.flatMap(({ access }) => (access.kind === 'action' ? [access.action] : [])))
  const elsewhere = [...actions].filter((action) => !used.has(action)).sort()
  return `# Who may do what

Made by \`node tools/permission-matrix.ts\` from the operations of a started server and the built-in bundle
(\`packages/server/src/authorization/builtin/roles.cedar\`); a test fails when it is stale, or when a route is missing from it.

A role holds within the scope of its grant: the whole deployment, an organization, an application, a group, one user. Beside the
roles, Gatehouse itself and whoever holds the local bootstrap credential may do everything, on the record.

## Operations that the built-in bundle decides

| operation | route | action | ${columns.map(([, short]) => short).join(' | ')} | an application, of itself |
|---|---|---|${columns.map(() => ':-:|').join('')}:-:|
${decided.join('\n')}

Actions that other places than an operation's own ask for (inside another operation, by protocol, or by command): ${elsewhere.join(', ')}.

## Operations that no role decides

| operation | route | for | why |
|---|---|---|---|
${others.join('\n')}

## Routes that are no operations

| route | methods | why |
|---|---|---|
${[...undecided]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([url, { methods, why }]) => `| \`${url}\` | ${methods.join(', ')} | ${why} |`)
  .join('\n')}
`
}
