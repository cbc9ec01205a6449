import fc from 'fast-check'
import { newId, systemClock, systemEntropy } from '#kernel'

interface Schema {
  readonly type?: string
  readonly properties?: Record<string, Schema>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly minProperties?: number
}

/** The least value that fits a schema: for requests that are well-formed and nothing more. */
export function sampleOf(given: unknown, name = ''): unknown {
  const schema = (given ?? {}) as Schema
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0], name)
  switch (schema.type) {
    case 'object': {
      const properties = Object.entries(schema.properties ?? {})
      const least = schema.minProperties ?? 0
      const needed = properties.filter(([key], at) => schema.required?.includes(key) || at < least)
      return Object.fromEntries(needed.map(([key, value]) => [key, sampleOf(value, key)]))
    }
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items, name))
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return sampleText(schema, name)
  }
}

const prefixes: Record<string, string> = {
  userId: 'user',
  groupId: 'group',
  machineId: 'machine',
  applicationId: 'app',
  organizationId: 'org',
  grantId: 'grant',
  ownerId: 'user',
}

function sampleText({ pattern, format, minLength = 1 }: Schema, name: string): string {
  const prefix = prefixes[name]
  if (prefix !== undefined) return newId(prefix, { clock: systemClock, entropy: systemEntropy })
  if (format === 'uri') return 'https://example.com/'
  if (format === 'email') return 'a@example.com'
  const plain = 'a'.repeat(Math.max(minLength, 1))
  if (pattern === undefined || new RegExp(pattern, 'u').test(plain)) return plain
  return fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), { numRuns: 1, seed: 7 })[0] as string
}
