import { readFileSync } from 'node:fs'
import { startApi } from '../../test/support/api.ts'
import { onEachEngine } from '../../test/support/engines.ts'
import { runPageExamples } from '../../test/support/page-examples.ts'

const page = readFileSync(new URL('../../../../docs/directory.md', import.meta.url), 'utf8')

onEachEngine('the examples of docs/directory.md do what the page says', async (s) => {
  const api = await startApi(s)
  try {
    await runPageExamples(page, api.call)
  } finally {
    await api.close()
  }
})
