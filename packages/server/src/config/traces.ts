import { resolve } from 'node:path'
import { Secret } from '#kernel'
import { readText, type Told, wrong } from './parse.ts'

/** Where traces go (OpenTelemetry). */
export interface TracesConfig {
  /** Full address of the collector's traces, as in `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string
  /** Of requests that come without a trace of their sender's, how many are recorded: 0 to 1. */
  readonly share: number
  /** Sent with every batch: most collectors want to know who it is. */
  readonly headers: readonly (readonly [name: string, value: Secret])[]
}

const shareShape = /^(0|1|0\.\d{1,6})$/

/** @throws {Fault} `config.invalid` */
export function parseTraces(told: ReadonlyMap<string, Told>, workingDirectory: string): TracesConfig | undefined {
  const [address, share, file] = ['traces_url', 'traces_share', 'traces_headers_file'].map((name) => told.get(name))
  if (address === undefined) {
    const alone = share ?? file
    if (alone !== undefined) throw wrong(alone.from, 'needs traces_url')
    return undefined
  }
  const url = URL.parse(address.text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw wrong(address.from, `"${address.text}" is not an http(s) address without credentials and query`)
  // OTLP: the base address of a collector has its traces at /v1/traces.
  if (url.pathname === '/') url.pathname = '/v1/traces'
  if (share !== undefined && !shareShape.test(share.text))
    throw wrong(share.from, `"${share.text}" must be from 0 to 1, as in 0.01`)
  return Object.freeze({
    url: url.href,
    share: Number(share?.text ?? '0.01'),
    headers: file === undefined ? [] : parseHeaders(file, workingDirectory),
  })
}

function parseHeaders(file: Told, workingDirectory: string): [string, Secret][] {
  const lines = (readText(file, workingDirectory) as string).split('\n').map((line) => line.trim())
  return lines.flatMap((line, at): [string, Secret][] => {
    if (line === '' || line.startsWith('#')) return []
    const [, name, value] = /^([A-Za-z][\w-]{0,63}):\s*([\x20-\x7e]+)$/.exec(line) ?? []
    // Never the line itself: it holds the secret.
    if (name === undefined || value === undefined)
      throw wrong(`${resolve(workingDirectory, file.text)}:${at + 1}:`, 'must be `Name: value`')
    return [[name.toLowerCase(), new Secret(value)]]
  })
}
