// The main job from beginning to end, as `npm run demo` tells it: a real server, gateway and browser, on both engines.
import { findGateway, gatewayKinds, preferredGateway } from '../../../../examples/gateway/launch.ts'
import { launchBrowser } from '../../../../examples/story/browser.ts'
import { tellStory } from '../../../../examples/story/story.ts'
import type { Teller } from '../../../../examples/story/teller.ts'
import { formatMs } from '../../../../examples/story/teller.ts'
import { onEachEngine } from '../support/engines.ts'

function diagnosticTeller(say: (text: string) => void): Teller {
  const after = (ms: number | undefined) => (ms === undefined ? '' : ` (${formatMs(ms)})`)
  return {
    chapter: (title) => say(title),
    tell: () => undefined,
    answer: () => undefined,
    quote: () => undefined,
    figure: (what, ms) => say(`${what}${after(ms)}`),
  }
}

const databaseOf = (address: Parameters<Parameters<typeof onEachEngine>[1]>[0]['address']) =>
  address.engine === 'postgres' ? address.url.reveal() : undefined

onEachEngine('the story holds, behind the preferred gateway, with people at a real browser', async (scratch, t) => {
  const browser = await launchBrowser()
  const gateway = preferredGateway()
  t.diagnostic(
    `${findGateway(gateway)}, ${browser === undefined ? 'no browser: plain HTTP' : `Chromium ${browser.version()}`}`,
  )
  const database = databaseOf(scratch.address)
  try {
    const teller = diagnosticTeller((text) => t.diagnostic(text))
    await tellStory({ teller, gateway, browser, ...(database !== undefined && { database }) })
  } finally {
    await browser?.close()
  }
})

onEachEngine(
  'the story holds behind every other gateway, with people over plain HTTP, without JavaScript',
  async (scratch, t) => {
    // One server of its own each: a database on PostgreSQL holds one story.
    const others = gatewayKinds.filter((kind) => kind !== preferredGateway())
    const [kind] = scratch.address.engine === 'postgres' ? others.slice(-1) : others
    if (kind === undefined || findGateway(kind) === undefined) return t.skip(`${kind} is not installed here`)
    t.diagnostic(findGateway(kind) ?? '')
    const database = databaseOf(scratch.address)
    const teller = diagnosticTeller((text) => t.diagnostic(text))
    await tellStory({ teller, gateway: kind, browser: undefined, ...(database !== undefined && { database }) })
  },
)
