import type { Sentence } from '../words/words.tsx'
import { firstFiles, firstSignIn } from './first-files.ts'

/** Whose policies are edited: of an application, or those of an organization's sign-ins. */
export interface BundleOwner {
  readonly uid: { readonly type: string; readonly id: string }
  /** Where they stand in the API. */
  readonly path: string
  /** The command and its option that names the owner. */
  readonly cli: readonly [command: string, option: string]
  readonly views: readonly ('diff' | 'coverage' | 'history')[]
  readonly first: Readonly<Record<string, string>>
  readonly none: Sentence
}

export const ofApplication = (id: string): BundleOwner => ({
  uid: { type: 'Application', id },
  path: `/api/applications/${id}/policies`,
  cli: ['policy', `--app ${id}`],
  views: ['diff', 'coverage', 'history'],
  first: firstFiles,
  none: 'Nothing is permitted in this application until policies say so. Begin with a schema and two policies to change.',
})

export const ofSignIns = (id: string, name: string): BundleOwner => ({
  uid: { type: 'Organization', id },
  path: `/api/organizations/${id}/sign-in-policy`,
  cli: ['sign-in-policy', `--organization ${name}`],
  views: ['diff', 'history'],
  first: firstSignIn,
  none: 'Everybody may sign in from anywhere with what they have. Policies can forbid it, or ask for more. Begin with one to change.',
})
