import type { TestContext } from 'node:test'
import { type ConsoleHouse, makeConsoleHouse } from './console-house.ts'
import { shareBrowser } from './shared-browser.ts'

export type { ConsoleHouse } from './console-house.ts'
export { type Seat, seat } from './seat.ts'

/** A real server and a real Chromium: the server ends with the test, and the windows that it opened. */
export const openConsoleHouse = async (
  t: TestContext,
  environment: Record<string, string> = {},
): Promise<ConsoleHouse> => makeConsoleHouse(t, await shareBrowser(t), environment)
