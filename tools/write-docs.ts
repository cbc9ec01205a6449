// Writes the pages of docs/ that are made from the code.
import { writeFileSync } from 'node:fs'
import { cliPage } from '../packages/cli/src/docs.ts'
import { pages } from '../packages/server/src/docs.ts'

for (const [name, make] of Object.entries({ ...pages, 'cli.md': cliPage })) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), await make())
  console.log(`docs/${name}`)
}
