import { FormBrowser } from '../../packages/server/test/support/people.ts'
import { SoftwareAuthenticator } from '../../packages/server/test/support/software-authenticator.ts'
import { Latencies } from '../support/percentiles.ts'

/** Sign-ins by passkey, one after another. @returns how long the server took over the answers, and over the first page */
export async function measurePasskeys(
  url: string,
  login: string,
  password: string,
  count: number,
): Promise<{ answers: Latencies; pages: Latencies }> {
  const authenticator = new SoftwareAuthenticator(url)
  const browser = await new FormBrowser(url).signIn(login, password, '?organization=home')
  await browser.open('/account/passkeys/new')
  const shown = /data-options="([^"]*)"/.exec(browser.page)?.[1]?.replaceAll('&quot;', '"')
  const { challenge } = JSON.parse(shown as string) as { challenge: string }
  const credential = authenticator.register(challenge)
  await browser.submit('/account/passkeys', { credential, name: 'bench' })
  if (browser.at !== '/account?done=passkey') throw new Error(`no passkey: ${browser.text.slice(0, 300)}`)

  const [answers, pages] = [new Latencies(), new Latencies()]
  const warmUp = Math.ceil(count / 10)
  for (let index = -warmUp; index < count; index++) {
    const visitor = new FormBrowser(url)
    const begun = performance.now()
    const page = await visitor.get(`${url}/sign-in`)
    const first = performance.now() - begun
    const csrf = /name="csrf" value="([^"]*)"/.exec(await page.text())?.[1] as string
    const headers = { origin: url }
    const asked = await visitor.post(`${url}/sign-in/passkey/challenge`, { csrf }, headers)
    const options = (await asked.json()) as { challenge: string }
    const answer = authenticator.authenticate(options.challenge)
    const from = performance.now()
    const done = await visitor.post(`${url}/sign-in/passkey`, { csrf, credential: answer }, headers)
    const took = performance.now() - from
    const said = await done.text()
    if (done.status !== 303) throw new Error(`the passkey answered ${done.status}: ${said.slice(0, 300)}`)
    if (index < 0) continue
    answers.add(took)
    pages.add(first)
  }
  return { answers, pages }
}
