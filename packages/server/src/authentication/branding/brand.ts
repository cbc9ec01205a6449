import { createHash } from 'node:crypto'
import { type Branding, type BrandTexts, type Palette, palettesOf, readPng } from '#directory'
import type { Language } from '../languages/languages.ts'
import { baseColours } from '../pages/assets.ts'

/** Whose door a page is. */
export interface Door {
  readonly id: string
  readonly displayName: string
  readonly branding?: Branding | undefined
}

/** How a door differs from ours: where its style sheet and pictures stand, under names that change with them. */
export interface Brand {
  readonly style?: string
  /** The style sheet itself, for a page on another host. */
  readonly css?: string
  readonly logo?: string
  readonly darkLogo?: string
  text(name: keyof BrandTexts, language: Language): string | undefined
}

export const brandFiles = ['style.css', 'logo.png', 'dark-logo.png'] as const
export type BrandFile = (typeof brandFiles)[number]

/** Names what a branding is now. */
export const hashOfBranding = (branding: Branding): string =>
  createHash('sha256').update(JSON.stringify(branding)).digest('base64url').slice(0, 16)

/** The brand of a door; undefined where it is ours. */
export function brandOf(door: Door | undefined): Brand | undefined {
  if (door?.branding === undefined || Object.keys(door.branding).length === 0) return undefined
  return brandAt(`/brand/${door.id}/${hashOfBranding(door.branding)}`, door.branding)
}

/** @param at where its files are served */
export function brandAt(at: string, branding: Branding): Brand {
  const { colour, logo, darkLogo, texts } = branding
  return {
    ...(colour !== undefined && { style: `${at}/style.css` }),
    ...(logo !== undefined && { logo: `${at}/logo.png` }),
    ...(darkLogo !== undefined && { darkLogo: `${at}/dark-logo.png` }),
    text: (name, language) => texts?.[language]?.[name] ?? texts?.en?.[name] ?? Object.values(texts ?? {})[0]?.[name],
  }
}

const within = new Map<string, Brand>()
const withinMost = 100

/** The same with everything in it, for a page on a host where none of our files can be had; undefined where the brand is ours. */
export function brandWithin({ branding }: Door): Brand | undefined {
  if (branding === undefined || Object.keys(branding).length === 0) return undefined
  const hash = hashOfBranding(branding)
  const known = within.get(hash)
  if (known !== undefined) return known
  const { style: _, ...named } = brandAt('', branding)
  const css = brandStyle(branding)
  const picture = (file: BrandFile) => {
    const found = brandFile(branding, file)
    return found && `data:${found.type};base64,${Buffer.from(found.body).toString('base64')}`
  }
  const [logo, darkLogo] = [picture('logo.png'), picture('dark-logo.png')]
  const brand = {
    text: named.text,
    ...(css !== undefined && { css }),
    ...(logo !== undefined && { logo }),
    ...(darkLogo !== undefined && { darkLogo }),
  }
  if (within.size >= withinMost) within.clear()
  within.set(hash, brand)
  return brand
}

/** A file of a brand; undefined for one that it does not have. */
export function brandFile(branding: Branding, file: BrandFile, scheme?: keyof typeof baseColours) {
  if (file === 'style.css') {
    const style = brandStyle(branding, scheme)
    return style === undefined ? undefined : { type: 'text/css; charset=utf-8', body: Buffer.from(style) }
  }
  const picture = file === 'logo.png' ? branding.logo : branding.darkLogo
  // Taken apart and put together again each time: what is sent is the picture and nothing that came with it.
  const clean = picture === undefined ? undefined : readPng(picture)
  return clean === undefined || typeof clean === 'string' ? undefined : { type: 'image/png', body: clean }
}

/** @param scheme for a preview that shows one of the two whatever the browser prefers */
function brandStyle(branding: Branding, scheme?: keyof typeof baseColours): string | undefined {
  const palettes = palettesOf(branding)
  if (scheme !== undefined) {
    const own = palettes === undefined ? '' : variables(palettes[scheme])
    return `:root{color-scheme:${scheme};${baseColours[scheme]}${own}}`
  }
  if (palettes === undefined) return undefined
  const { light, dark } = palettes
  return `:root{${variables(light)}}@media(prefers-color-scheme:dark){:root{${variables(dark)}}}`
}

const variables = ({ accent, hover, onAccent, tint, wall }: Palette): string =>
  `--accent:${accent};--accent-hover:${hover};--on-accent:${onAccent};--tint:${tint};` +
  `--wall:linear-gradient(160deg,${wall[0]} 0%,${wall[1]} 60%,${wall[2]} 100%)`
