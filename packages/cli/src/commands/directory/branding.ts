import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { findOrganizationId } from '../../client/find.ts'
import { Failure, usage } from '../../failure.ts'
import { action } from '../../session.ts'

interface Branding {
  colour?: string
  darkColour?: string
  logo?: string
  darkLogo?: string
  texts?: Record<string, Record<string, string>>
}

interface Options {
  colour?: string
  darkColour?: string
  logo?: string
  darkLogo?: string
  text?: string[]
  preview?: true
  none?: true
}

/** `gatehouse organization brand`: how an organization's sign-in pages look. */
export function addBranding(organization: Command): void {
  organization
    .command('brand <name>')
    .description('set how the sign-in pages of an organization look; what is not named stays as it is')
    .option('--colour <#rrggbb>', 'of buttons and links; refused where it could not be read')
    .option('--dark-colour <#rrggbb>', 'the same on dark pages; made of --colour when there is none')
    .option('--logo <file>', 'a PNG of at most 16 KB and 1024 × 512')
    .option('--dark-logo <file>', 'another one for dark pages')
    .option('--text <language.welcome|help=text...>', 'as in de.welcome="Willkommen bei Acme"; empty takes it away')
    .option('--none', 'take the whole branding away')
    .option('--preview', 'change nothing: make a page that shows it, for an hour')
    .action(
      action<Options>(async ({ client, out }, options, name) => {
        const id = await findOrganizationId(client, name)
        const { body: found } = await client.get<{ settings: { branding?: Branding } }>(`/api/organizations/${id}`)
        const branding = options.none === true ? {} : changed(found.settings.branding ?? {}, options)
        if (options.preview === true) {
          const { body } = await client.post<{ url: string; expiresAtMs: number }>(
            `/api/organizations/${id}/branding-preview`,
            branding,
          )
          out.done(body, `Look at it for an hour at ${body.url}`)
          return
        }
        const { body } = await client.send('PATCH', `/api/organizations/${id}`, { body: { settings: { branding } } })
        out.done(body, `The pages of ${name} look so from now on`)
      }),
    )
}

/** @throws {Failure} for a file that cannot be read, or a text that is not as it should be */
function changed(before: Branding, { colour, darkColour, logo, darkLogo, text = [] }: Options): Branding {
  const texts: Record<string, Record<string, string>> = structuredClone(before.texts ?? {})
  for (const given of text) {
    const [, language, key, value] = /^([a-z]{2,3})\.(welcome|help)=(.*)$/s.exec(given) ?? []
    if (language === undefined || key === undefined || value === undefined)
      throw usage(`${given} is no text of a branding`, 'Write it as in --text de.welcome="Willkommen bei Acme"')
    texts[language] = { ...texts[language], [key]: value }
    if (value === '') delete texts[language][key]
    if (Object.keys(texts[language]).length === 0) delete texts[language]
  }
  return {
    ...before,
    ...(colour !== undefined && { colour }),
    ...(darkColour !== undefined && { darkColour }),
    ...(logo !== undefined && { logo: readPicture(logo) }),
    ...(darkLogo !== undefined && { darkLogo: readPicture(darkLogo) }),
    ...(text.length > 0 && { texts }),
  }
}

function readPicture(path: string): string {
  try {
    return `data:image/png;base64,${readFileSync(path).toString('base64')}`
  } catch (cause) {
    throw new Failure(`The picture cannot be read from ${path}`, { cause, detail: (cause as Error).message })
  }
}
