import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { Finding } from './doctor.ts'

const dayMs = 24 * 3_600_000

/** Looks at the certificate that the public address presents. */
export async function checkCertificate(url: string, nowMs: number): Promise<Finding> {
  const { hostname, port } = new URL(url)
  const found = await presented(hostname, Number(port || 443))
  if (found instanceof Error)
    return {
      status: 'warning',
      says: `${url} cannot be reached from here (${(found as { code?: string }).code ?? found.message})`,
      advice: 'Where that is on purpose, check the certificate from outside',
    }
  const days = Math.floor((found.untilMs - nowMs) / dayMs)
  const advice = 'Renew the certificate at the proxy in front'
  if (days < 0) return { status: 'failed', says: `its certificate expired ${-days} days ago`, advice }
  if (found.refused !== undefined)
    return {
      status: 'failed',
      says: `its certificate is not trusted (${found.refused})`,
      advice: 'Install the full chain',
    }
  if (days < 14) return { status: 'warning', says: `its certificate expires in ${days} days`, advice }
  return { status: 'ok', says: `${url}, certificate good for ${days} days` }
}

function presented(host: string, port: number): Promise<{ untilMs: number; refused: string | undefined } | Error> {
  return new Promise((resolve) => {
    // Only looked at, nothing is sent: an untrusted certificate is what the check wants to see.
    const socket = connect(
      { host, port, servername: isIP(host) === 0 ? host : '', rejectUnauthorized: false, timeout: 3_000 },
      () => {
        const untilMs = Date.parse(socket.getPeerCertificate().valid_to)
        resolve({ untilMs, refused: socket.authorized ? undefined : String(socket.authorizationError) })
        socket.destroy()
      },
    )
    socket.once('error', resolve)
    socket.once('timeout', () => {
      resolve(new Error('timeout'))
      socket.destroy()
    })
  })
}
