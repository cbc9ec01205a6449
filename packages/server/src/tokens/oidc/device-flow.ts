import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { DeviceWrong, TokenPages } from '../ports.ts'
import { registeredOf } from './our-clients.ts'
import { paths } from './paths.ts'
import { requestOf } from './request.ts'

type Send = (ctx: KoaContextWithOIDC, page: { html: string; headers: Readonly<Record<string, string>> }) => void

/** The device flow (RFC 8628): its pages are plain forms, and say from where a device asked, so that people can judge it. */
export function deviceFlow(deps: { readonly pages: TokenPages; readonly send: Send }) {
  const xsrfOf = (form: string): string => {
    const found = /name="xsrf" value="([\w-]+)"/.exec(form)?.[1]
    if (found === undefined) throw new TypeError("the provider's device form has another shape than expected")
    return found
  }
  return {
    deviceFlow: {
      enabled: true,
      charset: 'base-20',
      mask: '****-****',
      deviceInfo: (ctx) => ({ ip: requestOf(ctx.req).ip, ua: ctx.get('user-agent').slice(0, 200) }),
      userCodeInputSource: async (ctx, form, _out, error) => {
        const wrong = error === undefined ? undefined : whatIsWrong(error)
        deps.send(
          ctx,
          await deps.pages.deviceCode(requestOf(ctx.req), {
            action: paths.code_verification,
            fields: { xsrf: xsrfOf(form) },
            wrong,
          }),
        )
      },
      userCodeConfirmSource: async (ctx, form, client, device, userCode) => {
        const given = /name="user_code" value="([^"]*)"/.exec(form)?.[1] ?? ''
        const page = await deps.pages.deviceConfirm(requestOf(ctx.req), {
          organizationId: registeredOf(client)?.organizationId,
          application: client.clientName ?? client.clientId,
          code: userCode,
          address: String(device.ip ?? ''),
          agent: String(device.ua ?? ''),
          action: paths.code_verification,
          fields: { xsrf: xsrfOf(form), user_code: given.replace(/[^\w -]/g, ''), confirm: 'yes' },
        })
        deps.send(ctx, page)
      },
      successSource: async (ctx) => {
        const { client } = ctx.oidc
        const page = {
          application: client?.clientName ?? '',
          organizationId: client && registeredOf(client)?.organizationId,
        }
        deps.send(ctx, await deps.pages.deviceDone(requestOf(ctx.req), page))
      },
    },
  } satisfies Configuration['features']
}

function whatIsWrong(error: Error & { userCode?: unknown }): DeviceWrong {
  if (error.name === 'AbortedError') return 'aborted'
  if (error.name === 'NoCodeError' || error.userCode !== undefined) return 'unknown'
  return error instanceof errors.OIDCProviderError ? 'refused' : 'failed'
}
