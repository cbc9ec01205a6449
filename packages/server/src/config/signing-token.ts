import { resolve } from 'node:path'
import { type Told, wrong } from './parse.ts'

/** A PKCS#11 token for the private signing keys. */
export interface SigningTokenConfig {
  /** The module: a shared library. */
  readonly module: string
  readonly label: string
  readonly pinFile: string
}

/** All three of its settings, or none. @throws {Fault} `config.invalid` */
export function parseSigningToken(
  told: ReadonlyMap<string, Told>,
  workingDirectory: string,
): SigningTokenConfig | undefined {
  const keys = ['pkcs11_module', 'pkcs11_token', 'pkcs11_pin_file']
  const [module, label, pinFile] = keys.map((name) => told.get(name))
  const first = [module, label, pinFile].find((given) => given !== undefined)
  if (first === undefined) return undefined
  if (module === undefined || label === undefined || pinFile === undefined)
    throw wrong(first.from, `needs ${keys.join(', ')} together`)
  return Object.freeze({
    module: resolve(workingDirectory, module.text),
    label: label.text,
    pinFile: resolve(workingDirectory, pinFile.text),
  })
}
