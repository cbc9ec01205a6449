import { saySetup } from '#authentication'
import { readConfig } from '#config'
import { isFault } from '#kernel'
import { collectAfterStart } from './collect-start.ts'
import { startGatehouse } from './gatehouse.ts'
import { stepBack } from './step-back.ts'

stepBack()
try {
  const config = readConfig(process.env, process.cwd())
  const gatehouse = await startGatehouse({ config, toTerminal: process.stdout.isTTY === true })
  console.log(`Gatehouse listens on ${gatehouse.listening} and is known as ${config.url}`)
  const setup = saySetup(gatehouse.setup)
  if (setup !== undefined) console.log(setup)
  collectAfterStart()
  let stoppingAt: number | undefined
  const stop = async () => {
    // One Ctrl-C comes twice under npm, from the terminal and passed on: a second one means it only after a second.
    if (stoppingAt !== undefined && performance.now() - stoppingAt > 1_000) process.exit(1)
    if (stoppingAt !== undefined) return
    stoppingAt = performance.now()
    await gatehouse.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
} catch (error) {
  const taken = (error as { code?: string }).code === 'EADDRINUSE'
  const says = taken ? 'The address of GATEHOUSE_LISTEN is in use: stop what listens there, or set another' : undefined
  console.error(`Gatehouse cannot start: ${says ?? (error instanceof Error ? error.message : String(error))}`)
  if (!taken && !isFault(error)) console.error(error)
  process.exit(1)
}
