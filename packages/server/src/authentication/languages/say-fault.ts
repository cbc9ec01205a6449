import { type Fault, isFault } from '#kernel'
import { english, type Texts } from './languages.ts'
import { fill, type Says } from './say.ts'

type WeakKey = Exclude<keyof Texts['weak'], 'advice'>

/** Why a password will not do, in a form that every language has words for. */
export interface Weakness {
  readonly key: WeakKey
  readonly least?: number
  readonly most?: number
}

const whole: ReadonlySet<string> = new Set(['short', 'long', 'breached'])

export function sayWeakness(t: Texts, { key, ...limits }: Weakness): string {
  const said = fill(t.weak[key], limits)
  return whole.has(key) ? said : `${said} ${t.weak.advice}`
}

const known = (code: string): code is keyof Texts['faults'] => Object.hasOwn(english.faults, code)
const sentence = (text: string) => `${text}.`.replace(/([.!?。])\.$/, '$1')

/** What a fault says to a person. One that we have no words of our own for is said in English, or in general. */
export function sayFault(fault: Fault): Says {
  return (t) => {
    if (isFault(fault, 'authentication.password_weak') && fault.extra?.weakness !== undefined)
      return sayWeakness(t, fault.extra.weakness as Weakness)
    // Details are told in English only.
    if (t === english && fault.detail !== undefined) return sentence(fault.detail)
    if (known(fault.code)) return t.faults[fault.code]
    if (t === english) return sentence(fault.says)
    return t.outcome.failedSays
  }
}
