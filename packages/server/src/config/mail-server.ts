import { Secret } from '#kernel'
import { type Told, wrong } from './parse.ts'

/** A mail server (RFC 5321). */
export interface MailServer {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (RFC 8314 §3); else STARTTLS is demanded, but from this same machine. */
  readonly secure: boolean
  readonly user: string | undefined
  readonly password: Secret | undefined
  /** Address that letters come from. */
  readonly from: string
}

/** @throws {Fault} `config.invalid` */
export function parseMail(server: Told, sender: Told): MailServer {
  const url = URL.parse(server.text)
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    throw wrong(
      server.from,
      'must be smtp://host:port (STARTTLS) or smtps://host:port, with user:password@ where it asks for them',
    )
  if (!/^[^\s@<>",]+@[^\s@<>",]+$/.test(sender.text))
    throw wrong(sender.from, 'must be the e-mail address that letters come from (GATEHOUSE_MAIL_FROM)')
  const secure = url.protocol === 'smtps:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : new Secret(decodeURIComponent(url.password)),
    from: sender.text,
  }
}
