import { type DestinationStream, type Logger, pino } from 'pino'

/**
 * The process's log: JSON lines. Headers and bodies are never given to it; of an error it keeps type, code, message, stack and
 * cause, not the properties that drivers hang on theirs (failing rows, raw packets).
 */
export function makeLogger(level: string, destination?: DestinationStream): Logger {
  const redact = ['authorization', 'cookie', 'password', 'secret', 'token']
  return pino(
    {
      level,
      serializers: { err: describeError, req: () => undefined, res: () => undefined },
      redact: redact.flatMap((name) => [name, `*.${name}`]),
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  )
}

interface DescribedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: DescribedError
}

function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' }
  const code = (error as { code?: unknown }).code
  return {
    type: error.constructor.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && depth < 4 && { cause: describeError(error.cause, depth + 1) }),
  }
}
