import { styleText } from 'node:util'
import { plain } from '../../output/plain.ts'

export interface Change {
  readonly action: 'create' | 'update' | 'delete'
  readonly kind: string
  readonly organization: string
  readonly name: string
  readonly fields: readonly { readonly field: string; readonly before?: unknown; readonly after?: unknown }[]
}

export interface Plan {
  readonly changes: readonly Change[]
  /** What is applied is this plan or nothing. */
  readonly fingerprint: string
}

const signs = { create: ['+', 'green'], update: ['~', 'yellow'], delete: ['-', 'red'] } as const
const valueMost = 60

/** A change a line; under an update, each field with what was and what comes. */
export function renderPlan({ changes }: Plan): string {
  const lines = changes.flatMap(({ action, kind, organization, name, fields }) => {
    const [sign, colour] = signs[action]
    const whole = kind === 'organization' ? name : `${organization}/${name}`
    const head = `${styleText(colour, sign)} ${plain(kind).padEnd(12)} ${plain(whole)}`
    if (action !== 'update') return [head]
    return [
      head,
      ...fields.map(({ field, before, after }) => `    ${plain(field)}: ${short(before)} → ${short(after)}`),
    ]
  })
  return [...lines, summary(changes)].join('\n')
}

function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return 'Nothing differs'
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length
  return `${count('create')} to create, ${count('update')} to change, ${count('delete')} to delete`
}

function short(value: unknown): string {
  if (value === undefined) return styleText('dim', '(none)')
  const points = [...plain(value)]
  return points.length <= valueMost ? points.join('') : `${points.slice(0, valueMost).join('')}…`
}
