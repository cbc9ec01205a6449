// The main job, told from beginning to end: people and programs reach a protected resource through a gateway, by policy, on
// the record. Each chapter proves what it tells; a chapter that does not hold ends the story with an error.
import type { Browser } from 'playwright-core'
import type { GatewayKind } from '../gateway/launch.ts'
import { alicesDeparture } from './chapters/departure.ts'
import { theMachine } from './chapters/machine.ts'
import { moveIn } from './chapters/move-in.ts'
import { aliceAndBob } from './chapters/people.ts'
import { thePolicy } from './chapters/policy.ts'
import { powerCut } from './chapters/power-cut.ts'
import { theTrail } from './chapters/trail.ts'
import { openStage } from './stage.ts'
import type { Teller } from './teller.ts'

export interface StoryOptions {
  readonly teller: Teller
  readonly gateway: GatewayKind
  /** Without one, people of the story use plain HTTP. */
  readonly browser: Browser | undefined
  /** `GATEHOUSE_DATABASE`; default SQLite. */
  readonly database?: string
  /** A directory for pictures of what people see. */
  readonly pictures?: string
}

/** Plays the whole story on a server of its own. @throws when anything is not as told */
export async function tellStory(options: StoryOptions): Promise<void> {
  const stage = await openStage(options)
  const scene = { ...options, stage }
  try {
    await moveIn(scene)
    const { alice, bob } = await aliceAndBob(scene)
    const machine = await theMachine(scene)
    await thePolicy(scene, bob)
    const departure = await alicesDeparture(scene, alice)
    await theTrail(scene, departure)
    await powerCut(scene, { ...departure, machine })
  } finally {
    await stage.close()
  }
}
