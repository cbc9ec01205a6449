// `npm test`: the static rules, then every test. Arguments narrow the tests: `npm test -- directory` runs matching files.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const wanted = process.argv.slice(2)
if (wanted.length === 0) {
  const checked = spawnSync('node', ['tools/check.mjs'], { stdio: 'inherit' })
  if (checked.status !== 0) process.exit(1)
}
const files = globSync('{packages,bench,tools,examples}/**/*.test.ts', {
  exclude: (name) => name.includes('node_modules'),
})
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(' ')}`)
  process.exit(1)
}
const args = ['--test', '--test-concurrency=2', '--test-reporter=spec']
const done = spawnSync('node', [...args, ...files], { stdio: 'inherit', env: { ...process.env, NODE_ENV: 'test' } })
process.exit(done.status ?? 1)
