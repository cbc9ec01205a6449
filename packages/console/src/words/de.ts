import { audit } from './de-audit.ts'
import { boards } from './de-boards.ts'
import { long } from './de-long.ts'
import { more } from './de-more.ts'
import { providers } from './de-providers.ts'
import { short } from './de-short.ts'
import { states } from './de-states.ts'

export const german = { ...short, ...long, ...states, ...boards, ...audit, ...providers, ...more } as const
export type German = { readonly [sentence in keyof typeof german]: string }
