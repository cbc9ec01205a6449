import { join } from 'node:path'
import { Failure, type Problem } from '../failure.ts'

/** Lets the problems that a refusal lists name files as they lie here, so that editors and terminals find them. */
export async function placedIn<T>(directory: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const listed = error instanceof Failure ? error.problem?.problems : undefined
    if (!(error instanceof Failure) || listed === undefined) throw error
    const problems = listed.map((one) => ({ ...one, file: one.file === '.' ? directory : join(directory, one.file) }))
    const problem: Problem = { ...error.problem, problems }
    const { message, exit, detail, requestId, next, cause } = error
    throw new Failure(message, { exit, detail, requestId, next, cause, problem })
  }
}
