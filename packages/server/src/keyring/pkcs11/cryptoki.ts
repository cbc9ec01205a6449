import koffi from 'koffi'
import { Fault } from '#kernel'
import '../faults.ts'

/** Numbers of PKCS#11 2.40, as far as they are used here. */
export const ckr = { ok: 0, alreadyLoggedIn: 0x100, alreadyInitialized: 0x191 } as const
export const attributes = {
  class: 0,
  token: 1,
  private: 2,
  label: 3,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const
export const mechanisms = { rsaKeyPair: 0, rsaSha256: 0x40, ecKeyPair: 0x1040, ecdsa: 0x1041 } as const
export const classes = { public: 2, private: 3 } as const

export type Template = readonly (readonly [name: keyof typeof attributes, value: Buffer])[]

const mechanismType = koffi.struct({ mechanism: 'ulong', parameter: 'void *', length: 'ulong' })
const attributeType = koffi.struct({ type: 'ulong', value: 'void *', length: 'ulong' })

/** What a call of the module answered, when it is not that it was done. */
export class CryptokiError extends Fault {
  readonly answer: number
  constructor(call: string, answer: number) {
    super('keyring.token_unavailable', { cause: new Error(`${call} answered 0x${answer.toString(16)}`) })
    this.answer = answer
  }
}

/** CKR_PIN_INCORRECT to CKR_PIN_LOCKED: the same PIN will not do another time, and some tokens lock after a few. */
export const isAboutPin = ({ answer }: CryptokiError): boolean => answer >= 0xa0 && answer <= 0xa4

/** The module's functions with values of ours. Each is synchronous and throws what is not `CKR_OK`. */
export function loadCryptoki(path: string) {
  let library: ReturnType<typeof koffi.load>
  try {
    library = koffi.load(path)
  } catch (cause) {
    throw new Fault('keyring.token_unavailable', { cause, detail: `${path} is no PKCS#11 module` })
  }
  type Type = Parameters<typeof koffi.out>[0] | string
  const bind = (name: string, ...args: Type[]) => {
    const call = library.func(name, 'ulong', args as never)
    return (...values: unknown[]): number => call(...values)
  }
  const template = koffi.pointer(attributeType)
  const mechanism = koffi.pointer(mechanismType)
  const out = koffi.out('ulong *')
  const inout = koffi.inout('ulong *')
  const c = {
    initialize: bind('C_Initialize', 'void *'),
    slots: bind('C_GetSlotList', 'uchar', out, inout),
    tokenInfo: bind('C_GetTokenInfo', 'ulong', 'void *'),
    openSession: bind('C_OpenSession', 'ulong', 'ulong', 'void *', 'void *', out),
    closeSession: bind('C_CloseSession', 'ulong'),
    login: bind('C_Login', 'ulong', 'ulong', 'void *', 'ulong'),
    generate: bind('C_GenerateKeyPair', 'ulong', mechanism, template, 'ulong', template, 'ulong', out, out),
    read: bind('C_GetAttributeValue', 'ulong', 'ulong', koffi.inout(template), 'ulong'),
    findInit: bind('C_FindObjectsInit', 'ulong', template, 'ulong'),
    find: bind('C_FindObjects', 'ulong', out, 'ulong', out),
    findFinal: bind('C_FindObjectsFinal', 'ulong'),
    signInit: bind('C_SignInit', 'ulong', mechanism, 'ulong'),
    sign: bind('C_Sign', 'ulong', 'void *', 'ulong', 'void *', inout),
    destroy: bind('C_DestroyObject', 'ulong', 'ulong'),
  }
  const need = (call: string, answer: number, ...fine: number[]) => {
    if (answer !== ckr.ok && !fine.includes(answer)) throw new CryptokiError(call, answer)
  }
  const toStructs = (given: Template) =>
    given.map(([name, value]) => ({ type: attributes[name], value, length: value.length }))
  const plain = (number: number) => ({ mechanism: number, parameter: null, length: 0 })
  return {
    initialize: () => need('C_Initialize', c.initialize(null), ckr.alreadyInitialized),
    /** Slots that hold a token, with the token's label. */
    tokens: (): { slot: number; label: string }[] => {
      const count = [0]
      need('C_GetSlotList', c.slots(1, null, count))
      const slots = Array<number>(count[0] as number).fill(0)
      need('C_GetSlotList', c.slots(1, slots, count))
      return slots.map((slot) => {
        const info = Buffer.alloc(512)
        need('C_GetTokenInfo', c.tokenInfo(slot, info))
        return { slot, label: info.toString('utf8', 0, 32).trimEnd() }
      })
    },
    /** For reading and writing, with the user logged in. */
    openSession: (slot: number, pin: string): number => {
      const session = [0]
      need('C_OpenSession', c.openSession(slot, 0x6, null, null, session))
      const bytes = Buffer.from(pin)
      const answer = c.login(session[0], 1, bytes, bytes.length)
      bytes.fill(0)
      if (answer !== ckr.ok && answer !== ckr.alreadyLoggedIn) c.closeSession(session[0])
      need('C_Login', answer, ckr.alreadyLoggedIn)
      return session[0] as number
    },
    closeSession: (session: number) => void c.closeSession(session),
    generate: (session: number, how: number, open: Template, secret: Template): { open: number; secret: number } => {
      const [publicHandle, privateHandle] = [[0], [0]]
      const [one, two] = [toStructs(open), toStructs(secret)]
      need(
        'C_GenerateKeyPair',
        c.generate(session, plain(how), one, one.length, two, two.length, publicHandle, privateHandle),
      )
      return { open: publicHandle[0] as number, secret: privateHandle[0] as number }
    },
    read: (session: number, object: number, name: keyof typeof attributes): Buffer => {
      const value = Buffer.alloc(2_048)
      const wanted = toStructs([[name, value]])
      need('C_GetAttributeValue', c.read(session, object, wanted, 1))
      return value.subarray(0, Number(wanted[0]?.length))
    },
    find: (session: number, like: Template): number | undefined => {
      const [found, count] = [[0], [0]]
      need('C_FindObjectsInit', c.findInit(session, toStructs(like), like.length))
      const answer = c.find(session, found, 1, count)
      c.findFinal(session)
      need('C_FindObjects', answer)
      return count[0] === 1 ? found[0] : undefined
    },
    sign: (session: number, how: number, key: number, data: Uint8Array): Buffer => {
      need('C_SignInit', c.signInit(session, plain(how), key))
      const signature = Buffer.alloc(1_024)
      const length = [signature.length]
      need('C_Sign', c.sign(session, data, data.length, signature, length))
      return signature.subarray(0, Number(length[0]))
    },
    destroy: (session: number, object: number) => need('C_DestroyObject', c.destroy(session, object)),
  }
}
