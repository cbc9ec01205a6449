import type { Problems } from '../values/problems.ts'
import { type Colour, contrastOf, mix } from './colours.ts'
import { readPng } from './png.ts'

/** How an organization's pages look: data alone, so that no upgrade breaks it and nothing of it runs. */
export interface Branding {
  /** Of buttons and links on light pages; `#rrggbb`. */
  readonly colour?: string
  /** The same on dark pages; made of `colour` when absent. */
  readonly darkColour?: string
  /** A PNG as `data:image/png;base64,…`, at most 16 KB and 1024 × 512. */
  readonly logo?: string
  /** Another one for dark pages. */
  readonly darkLogo?: string
  /** By language, as in `de`. */
  readonly texts?: Readonly<Record<string, BrandTexts>>
}

export interface BrandTexts {
  /** Above the first field of sign-in. */
  readonly welcome?: string
  /** Below every page: whom to ask. */
  readonly help?: string
}

/** WCAG 2.2, 1.4.3. */
const least = 4.5
/** Grounds that the colour stands on as text, or that text stands on; the style sheet of the pages has the same. */
export const grounds = {
  light: { card: '#ffffff', paper: '#f4f3ef', ink: '#1a2022', soft: '#545e60' },
  dark: { card: '#181d1f', paper: '#101415', ink: '#e8ecec', soft: '#a3adae' },
} as const
const onAccents = ['#ffffff', '#08211e'] as const

export interface Palette {
  readonly accent: Colour
  readonly hover: Colour
  readonly onAccent: Colour
  readonly tint: Colour
  /** Of the gradient beside the card, on which white stands. */
  readonly wall: readonly [Colour, Colour, Colour]
}

/** What a ground needs beside the colour itself, each with the contrast that reading needs. */
function paletteOn(accent: Colour, scheme: keyof typeof grounds): Palette {
  const { card, soft } = grounds[scheme]
  const [best] = [...onAccents].sort((one, other) => contrastOf(other, accent) - contrastOf(one, accent))
  const onAccent = best as Colour
  // Away from what is written on it, so that its contrast only grows.
  const hover = mix(accent, onAccent === '#ffffff' ? '#000000' : '#ffffff', 0.22)
  let share = 0.1
  while (share > 0 && contrastOf(mix(card, accent, share), soft) < 4.6) share -= 0.02
  const deep = scheme === 'light' ? accent : mix(accent, '#000000', 0.62)
  return {
    accent,
    hover,
    onAccent,
    tint: mix(card, accent, Math.max(share, 0)),
    wall: [mix(deep, '#000000', 0.4), mix(deep, '#000000', 0.15), deep],
  }
}

/** The smallest contrast of a colour on the grounds of a scheme. */
const contrastOn = (colour: Colour, scheme: keyof typeof grounds): number =>
  Math.min(contrastOf(colour, grounds[scheme].card), contrastOf(colour, grounds[scheme].paper))

/** The colours of both schemes; undefined for a branding without colour. */
export function palettesOf({ colour, darkColour }: Branding): { light: Palette; dark: Palette } | undefined {
  if (colour === undefined) return undefined
  let dark = darkColour ?? colour
  while (darkColour === undefined && contrastOn(dark, 'dark') < 6) dark = mix(dark, '#ffffff', 0.08)
  return { light: paletteOn(colour, 'light'), dark: paletteOn(dark, 'dark') }
}

const textMost = 300

/** Checks a branding and normalises its colours. What fails says by how much. */
export function parseBranding(problems: Problems, at: string, branding: Branding): Branding {
  const colour = parseColour(problems, `${at}/colour`, branding.colour, 'light')
  const darkColour = parseColour(problems, `${at}/darkColour`, branding.darkColour, 'dark')
  problems.check(
    darkColour === undefined || colour !== undefined,
    `${at}/darkColour`,
    'needs colour beside it, for light pages',
  )
  for (const name of ['logo', 'darkLogo'] as const) parseLogo(problems, `${at}/${name}`, branding[name])
  problems.check(
    branding.darkLogo === undefined || branding.logo !== undefined,
    `${at}/darkLogo`,
    'needs logo beside it, for light pages',
  )
  for (const [language, texts] of Object.entries(branding.texts ?? {})) {
    problems.check(/^[a-z]{2,3}$/.test(language), `${at}/texts/${language}`, 'must be by language, as in de')
    for (const [name, text] of Object.entries(texts))
      problems.check(
        text.trim() !== '' && text.length <= textMost && !/\p{Cc}/u.test(text),
        `${at}/texts/${language}/${name}`,
        `must be one line of 1 to ${textMost} characters`,
      )
  }
  return { ...branding, ...(colour !== undefined && { colour }), ...(darkColour !== undefined && { darkColour }) }
}

function parseColour(problems: Problems, at: string, text: string | undefined, scheme: keyof typeof grounds) {
  if (text === undefined) return undefined
  const colour = text.trim().toLowerCase()
  if (!problems.check(/^#[0-9a-f]{6}$/.test(colour), at, 'must be a colour as in #17605a')) return undefined
  const ratio = contrastOn(colour, scheme)
  problems.check(
    ratio >= least,
    at,
    `has a contrast of ${floor(ratio)} to 1 on ${scheme} pages, and needs ${least} to be read (WCAG 2.2, 1.4.3)`,
  )
  return colour
}

// Never rounded up to what would be enough.
const floor = (ratio: number) => (Math.floor(ratio * 100) / 100).toFixed(2)

function parseLogo(problems: Problems, at: string, text: string | undefined): void {
  if (text === undefined) return
  const wrong = readPng(text)
  if (typeof wrong === 'string') problems.add(at, wrong)
}
