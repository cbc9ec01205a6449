/** What Gatehouse writes to people about, and what each letter needs to know. */
export interface Letters {
  readonly invitation: { readonly url: string; readonly organization: string; readonly days: number }
  readonly recovery: { readonly url: string; readonly organization: string; readonly minutes: number }
  readonly password_changed: { readonly when: string; readonly address: string; readonly url: string }
  readonly factor_changed: { readonly what: string; readonly when: string; readonly url: string }
  readonly new_device: {
    readonly device: string
    readonly address: string
    readonly when: string
    readonly url: string
  }
}
export type LetterKind = keyof Letters

export interface Written {
  readonly subject: string
  readonly text: string
}

/** Plain text alone: nothing that a mail program would have to render, load or hide. Values cannot break out of their line. */
const write: { readonly [K in LetterKind]: (name: string, values: Letters[K]) => Written } = {
  invitation: (name, { url, organization, days }) => ({
    subject: `Your account at ${organization}`,
    text: `Hello ${name},

you have an account at ${organization}. Open this address to choose how you sign in:

${url}

It works once, and for ${days} days. If you did not expect this letter, you need do nothing.
`,
  }),
  recovery: (name, { url, organization, minutes }) => ({
    subject: `A new password at ${organization}`,
    text: `Hello ${name},

somebody, we hope you, asked for a new password for your account at ${organization}. Open this address to choose one:

${url}

It works once, and for ${minutes} minutes. If you did not ask, you need do nothing: your password stays as it is.
`,
  }),
  password_changed: (name, { when, address, url }) => ({
    subject: 'Your password was changed',
    text: `Hello ${name},

your password was changed by a link from a letter to this address: ${when}, from ${address}. All sessions have ended.

If that was you, you need do nothing. If not, tell an administrator of your organization now, and look here:

${url}
`,
  }),
  factor_changed: (name, { what, when, url }) => ({
    subject: 'How you sign in has changed',
    text: `Hello ${name},

on your account page, ${what}: ${when}.

If that was you, you need do nothing. If not, end all sessions, change how you sign in, and tell an administrator:

${url}
`,
  }),
  new_device: (name, { device, address, when, url }) => ({
    subject: 'A new sign-in to your account',
    text: `Hello ${name},

somebody signed in to your account with a browser that we did not know:

  ${device}, from ${address}, ${when}

If that was you, you need do nothing. If not, end that session and change how you sign in:

${url}
`,
  }),
}

const plain = (value: unknown) =>
  typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ') : value

export function writeLetter<K extends LetterKind>(kind: K, name: string, values: Letters[K]): Written {
  const safe = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, plain(value)]),
  ) as unknown as Letters[K]
  return write[kind](plain(name) as string, safe)
}
