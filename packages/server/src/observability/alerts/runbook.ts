import { readFile } from 'node:fs/promises'
import { Fault, Type } from '#kernel'
import { type Operation, operation } from '#web'

const directory = new URL('../../../../../docs/runbooks/', import.meta.url)

/** Where a person reads a runbook: one of one's own has its whole address, the product's are in the console. */
export const runbookAddress = (url: string, runbook: string): string =>
  runbook.startsWith('https://') ? runbook : `${url}/console/runbooks/${runbook}`

/** The product's runbooks, for the console that alerts and panels lead to. */
export function runbookOperations(): Operation[] {
  return [
    operation({
      id: 'runbooks.get',
      method: 'GET',
      url: '/api/runbooks/:name',
      summary: 'A runbook: symptom, check, act, verify',
      access: {
        kind: 'open',
        why: 'it is a page of the documentation, the same in every installation of this version',
      },
      schemas: {
        params: Type.Object({ name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$' }) }),
        reply: Type.Object({ name: Type.String(), markdown: Type.String() }),
      },
      handle: async ({ params: { name } }) => {
        const markdown = await readFile(new URL(`${name}.md`, directory), 'utf8').catch((cause) => {
          throw new Fault('web.not_found', { detail: `There is no runbook ${name}`, cause })
        })
        return { name, markdown }
      },
    }),
  ]
}
