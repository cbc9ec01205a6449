// Makes the pictures of the console in docs/images anew: a real server with examples/acme, in a real Chromium.
import type { TestContext } from 'node:test'
import { openConsoleHouse } from '../packages/server/test/support/console.ts'
import { keepPictures, takePictures } from '../packages/server/test/support/console-pictures.ts'

const undo: (() => unknown)[] = []
const house = await openConsoleHouse({ after: (step: () => unknown) => void undo.push(step) } as unknown as TestContext)
try {
  keepPictures(await takePictures(house), house.browser)
} finally {
  for (const step of undo.reverse()) await step()
}
