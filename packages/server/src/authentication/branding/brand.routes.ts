import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Branding, brandingSchema, Problems, parseBranding } from '#directory'
import { type Act, Fault, randomToken, type Static, Type } from '#kernel'
import { type Operation, operation } from '#web'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { hashToken } from '../sessions/session.ts'
import { type BrandFile, brandAt, brandFile, brandFiles, hashOfBranding } from './brand.ts'
import { previewPage } from './preview.page.ts'
import { findPreview, insertPreview } from './preview.store.ts'
import '../faults.ts'

const previewMs = 60 * 60_000

/** Looking at a branding before it is applied. */
export function brandOperations(services: Services): Operation[] {
  return [
    operation({
      id: 'organizations.previewBranding',
      method: 'POST',
      url: '/api/organizations/:organizationId/branding-preview',
      summary: 'Check a branding and make a page that shows it, light and dark, for an hour; changes nothing',
      access: { kind: 'action', action: 'updateOrganization' },
      schemas: {
        params: Type.Object({ organizationId: Type.String() }),
        body: brandingSchema,
        reply: Type.Object({ url: Type.String(), expiresAtMs: Type.Integer() }),
      },
      handle: async ({ act, params, body }) => preview(services, act, params.organizationId, body),
    }),
  ]
}

async function preview(services: Services, act: Act, named: string, given: Static<typeof brandingSchema>) {
  const { storage, people, gate, clock, entropy, url } = services
  const organization = await people.findOrganization(storage.db, named)
  if (organization === undefined) throw new Fault('authentication.organization_unknown')
  gate.require(act, 'updateOrganization', { type: 'Organization', id: organization.id })
  const problems = new Problems()
  const branding = parseBranding(problems, '', given as Branding)
  problems.throwIfAny()
  const token = randomToken(entropy)
  const expiresAtMs = clock.nowMs() + previewMs
  const kept = { organizationId: organization.id, branding }
  await storage.transact((tx) => insertPreview(tx, hashToken(token), kept, expiresAtMs))
  return { url: `${url}/brand/preview/${token}`, expiresAtMs }
}

/** The files of brands, and previews. What is public on a sign-in page is public here. */
export function addBrandRoutes(app: FastifyInstance, services: Services): void {
  const { storage, people, clock } = services
  const isFile = (name: string): name is BrandFile => (brandFiles as readonly string[]).includes(name)
  const schemeOf = (request: FastifyRequest) => {
    const { scheme } = request.query as { scheme?: unknown }
    return scheme === 'light' || scheme === 'dark' ? scheme : undefined
  }
  const send = (reply: FastifyReply, found: ReturnType<typeof brandFile>, cache: string) => {
    if (found === undefined) throw new Fault('web.not_found')
    return reply
      .headers({
        'cache-control': cache,
        'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      })
      .type(found.type)
      .send(found.body)
  }

  app.get('/brand/:organizationId/:hash/:file', async (request, reply) => {
    const { organizationId, hash, file } = request.params as Record<string, string>
    const organization = await people.findOrganization(storage.db, organizationId as string)
    const branding = organization?.branding
    if (branding === undefined || !isFile(file as string) || hashOfBranding(branding) !== hash)
      throw new Fault('web.not_found')
    return send(reply, brandFile(branding, file as BrandFile), 'public, max-age=31536000, immutable')
  })

  const previewOf = async (request: FastifyRequest) => {
    const { token } = request.params as { token: string }
    const found = await findPreview(storage.db, hashToken(token), clock.nowMs())
    if (found === undefined) throw new Fault('authentication.link_invalid')
    return { ...found, token }
  }
  app.get('/brand/preview/:token', async (request, reply) => {
    const { token, organizationId, branding } = await previewOf(request)
    const organization = await people.findOrganization(storage.db, organizationId)
    const scheme = schemeOf(request)
    const brand = brandAt(`/brand/preview/${token}`, branding)
    const style = scheme === undefined ? brand.style : `/brand/preview/${token}/style.css?scheme=${scheme}`
    return sendPage(
      reply,
      previewPage({
        at: `/brand/preview/${token}`,
        scheme,
        displayName: organization?.displayName ?? '',
        brand: {
          ...brand,
          ...(style !== undefined && { style }),
          ...(scheme === 'dark' && brand.darkLogo !== undefined && { logo: brand.darkLogo }),
          ...(scheme === 'light' && { darkLogo: undefined }),
        } as typeof brand,
      }),
    )
  })
  app.get('/brand/preview/:token/:file', async (request, reply) => {
    const { branding } = await previewOf(request)
    const { file } = request.params as { file: string }
    if (!isFile(file)) throw new Fault('web.not_found')
    return send(reply, brandFile(branding, file, schemeOf(request)), 'private, max-age=3600')
  })
}
