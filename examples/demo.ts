// `npm run demo`: the story, told at the terminal on a server, a service, a gateway and a browser of its own.
import { mkdirSync } from 'node:fs'
import { styleText } from 'node:util'
import { findGateway, preferredGateway } from './gateway/launch.ts'
import { launchBrowser } from './story/browser.ts'
import { tellStory } from './story/story.ts'
import { terminalTeller } from './story/teller.ts'

const pictures = process.env.DEMO_PICTURES
if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
const gateway = preferredGateway()
const browser = await launchBrowser()
console.log(styleText('bold', '\nGatehouse: people and programs reach a protected resource, by policy, on the record'))
console.log(
  styleText(
    'dim',
    `Everything runs here and now: Node ${process.version}, ${findGateway(gateway)}, ${
      browser === undefined ? 'no browser' : `Chromium ${browser.version()}`
    }.${gateway === 'own' ? ' Neither nginx nor Caddy is installed.' : ''}`,
  ),
)
const started = performance.now()
try {
  await tellStory({ teller: terminalTeller(), gateway, browser, ...(pictures !== undefined && { pictures }) })
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  console.log(`\n${styleText('green', '✓')} The story holds, from beginning to end, in ${seconds} s.`)
  console.log(styleText('dim', '  Next: npm start, then the first protected route of README.md.\n'))
} catch (error) {
  console.error(`\n${styleText('red', '✗')} The story does not hold:`, error)
  process.exitCode = 1
} finally {
  await browser?.close()
}
