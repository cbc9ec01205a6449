import { useQueries } from '@tanstack/react-query'
import { send } from './client.ts'
import type { Uid } from './types.ts'

export interface Question {
  readonly action: string
  readonly resource: Uid
}

export const deployment: Uid = { type: 'Gatehouse::Deployment', id: 'gatehouse' }

type Waiting = { question: Question; answer: (may: boolean) => void; fail: (error: unknown) => void }
let waiting: Waiting[] = []

/** Asks the decision API; what is asked in one turn goes in one request. */
function ask(question: Question): Promise<boolean> {
  return new Promise((answer, fail) => {
    if (waiting.length === 0) setTimeout(flush)
    waiting.push({ question, answer, fail })
  })
}

async function flush(): Promise<void> {
  const batch = waiting
  waiting = []
  for (let from = 0; from < batch.length; from += 200) {
    const part = batch.slice(from, from + 200)
    try {
      const questions = part.map(({ question }) => question)
      const { body } = await send<{ answers: boolean[] }>('POST', '/api/rights', { body: { questions } })
      part.forEach((one, index) => void one.answer(body.answers[index] === true))
    } catch (error) {
      for (const one of part) one.fail(error)
    }
  }
}

/** Whether the person signed in may do each of these. False until it is known: a button appears, it never disappears under a finger. */
export function useMayEach(questions: readonly Question[]): boolean[] {
  const results = useQueries({
    queries: questions.map((question) => ({
      queryKey: ['rights', question.action, question.resource.type, question.resource.id],
      queryFn: () => ask(question),
      staleTime: 30_000,
    })),
  })
  return results.map(({ data }) => data === true)
}

export function useMay(action: string, resource: Uid): boolean {
  return useMayEach([{ action, resource }])[0] === true
}
