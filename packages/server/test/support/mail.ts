import { SMTPServer } from 'smtp-server'
import { type House, inServer } from './house.ts'

export interface MailServer {
  readonly url: string
  readonly letters: string[]
  /** Answers the next letters with this SMTP code; 250 takes them. */
  answer: number
  close(): Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  const letters: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => void parts.push(part))
      stream.on('end', () => {
        if (mail.answer !== 250) return done(Object.assign(new Error('not now'), { responseCode: mail.answer }))
        letters.push(readable(Buffer.concat(parts).toString('utf8')))
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  const mail: MailServer = {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    answer: 250,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return mail
}

/** The letter with quoted-printable undone. */
const readable = (letter: string) =>
  letter
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** The whole server with a real SMTP server beside it. */
export const withMail = (
  scratch: Parameters<typeof inServer>[0],
  body: (house: House, mail: MailServer) => Promise<void>,
) =>
  startMailServer().then(async (mail) => {
    const environment = { GATEHOUSE_SMTP: mail.url, GATEHOUSE_MAIL_FROM: 'gatehouse@example.com' }
    try {
      await inServer(scratch, (house) => body(house, mail), environment)
    } finally {
      await mail.close()
    }
  })
