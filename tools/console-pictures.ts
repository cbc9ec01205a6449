// Makes the pictures of the console in docs/images anew: a real server with examples/acme, in a real Chromium.
import { launchChromium } from '../packages/server/test/support/chromium.ts'
import { makeConsoleHouse } from '../packages/server/test/support/console-house.ts'
import { keepPictures, takePictures } from '../packages/server/test/support/console-pictures.ts'

const undo: (() => unknown)[] = []
const browser = await launchChromium()
undo.push(() => browser.close())
const house = await makeConsoleHouse({ after: (step: () => unknown) => void undo.push(step) }, browser)
try {
  keepPictures(await takePictures(house), house.browser)
} finally {
  for (const step of undo.reverse()) await step()
}
