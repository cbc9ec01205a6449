import type { MailServer } from '#config'
import type { Written } from './letters.ts'

export interface Post {
  /** Hands one letter to the mail server. @throws when it did not take it; `permanent` says that it never will */
  send(to: string, letter: Written): Promise<void>
  close(): void
}

const loopback = ['localhost', '127.0.0.1', '::1']

/** The mail server by SMTP; the library is loaded with the first letter. TLS always, but to this same machine. */
export function openPost(server: MailServer): Post {
  let transport: Promise<import('nodemailer').Transporter> | undefined
  const open = async () => {
    const { createTransport } = await import('nodemailer')
    const { host, port, secure, user, password } = server
    return createTransport({
      host,
      port,
      secure,
      requireTLS: !secure && !loopback.includes(host),
      ...(user !== undefined && { auth: { user, pass: password?.reveal() ?? '' } }),
      pool: true,
      maxConnections: 2,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 20_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }
  return {
    send: async (to, { subject, text }) => {
      transport ??= open()
      await (await transport).sendMail({
        from: server.from,
        to: { name: '', address: to },
        subject,
        text,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    },
    close: () => {
      transport?.then((it) => it.close()).catch(() => undefined)
    },
  }
}

/** Whether the server said that it will never take the letter (RFC 5321 §4.2.1: 5yz), or the address is none. */
export function isPermanent(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: number; code?: string }
  return code === 'EENVELOPE' ? responseCode === undefined || responseCode >= 500 : (responseCode ?? 0) >= 550
}
