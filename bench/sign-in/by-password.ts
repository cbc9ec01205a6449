import { BrowserAt } from '../../packages/server/test/support/people.ts'

export interface Account {
  readonly login: string
  readonly password: string
}

const hiddenOf = (page: string, name: string): string => {
  const found = new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1]
  if (found === undefined) throw new Error(`no field ${name} on the page:\n${page.slice(0, 500)}`)
  return found
}

/** Signs in as a browser without scripts does: page, name, page, password. Ends where the session begins. */
export async function signInByPassword(url: string, { login, password }: Account, address: string): Promise<void> {
  const browser = new BrowserAt(url, address)
  const headers = { origin: url }
  const first = await (await browser.get(`${url}/sign-in`)).text()
  const named = await browser.post(
    `${url}/sign-in`,
    { csrf: hiddenOf(first, 'csrf'), login, organization: 'home' },
    headers,
  )
  await named.arrayBuffer()
  const page = await (await browser.get(`${url}/sign-in/password`)).text()
  const fields = { csrf: hiddenOf(page, 'csrf'), attempt: hiddenOf(page, 'attempt'), password }
  const done = await browser.post(`${url}/sign-in/password`, fields, headers)
  const said = await done.text()
  if (done.status !== 303) throw new Error(`sign-in of ${login} answered ${done.status}: ${said.slice(0, 300)}`)
}

/** As many sign-ins as go, by so many browsers at once, each at an address of its own each time. @returns how many */
export async function storm(
  url: string,
  accounts: readonly Account[],
  seconds: number,
): Promise<{ made: number; seconds: number }> {
  const from = performance.now()
  let made = 0
  const one = async (account: Account, index: number) => {
    for (let round = 0; performance.now() - from < seconds * 1_000; round++) {
      await signInByPassword(url, account, `10.${index}.${(round >> 8) & 255}.${round & 255}`)
      made++
    }
  }
  await Promise.all(accounts.map(one))
  return { made, seconds: (performance.now() - from) / 1_000 }
}
