// Argon2id alone at the server's cost, two at a time as the server does them, for so many seconds. Prints how many it made.

import { hashPassword } from '../../packages/server/src/authentication/passwords/argon2.ts'
import { Secret, systemEntropy } from '../../packages/server/src/kernel/index.ts'

const until = performance.now() + Number(process.argv[2]) * 1_000
const password = new Secret('copper lantern walrus orbit')
let made = 0
const one = async () => {
  while (performance.now() < until) {
    await hashPassword(systemEntropy, password)
    made++
  }
}
await Promise.all([one(), one()])
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ made, cpuSeconds: (user + system) / 1e6 }))
