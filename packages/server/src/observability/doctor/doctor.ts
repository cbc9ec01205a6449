/** What one check found. `advice` says what to do and is there unless all is well. */
export interface Finding {
  readonly status: 'ok' | 'warning' | 'failed'
  readonly says: string
  readonly advice?: string
}

/** One check of the installation; rooms may add their own (orphaned grants, expiring certificates of theirs). */
export interface Check {
  /** A word or two: `clock`, `root key`. */
  readonly name: string
  readonly run: () => Promise<Finding | readonly Finding[]>
}

export interface Report {
  readonly status: Finding['status']
  readonly findings: readonly (Finding & { readonly check: string })[]
}

const withinMs = 10_000
const order = ['ok', 'warning', 'failed'] as const

/** Runs every check; one that throws or takes too long has failed, and the others go on. */
export async function examine(checks: readonly Check[]): Promise<Report> {
  const findings = (
    await Promise.all(
      checks.map(async ({ name, run }) => {
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<Finding>((resolve) => {
          const advice = 'Look whether what it asks is overloaded or unreachable'
          const says = `did not answer within ${withinMs / 1_000} s`
          timer = setTimeout(() => resolve({ status: 'failed', says, advice }), withinMs)
        })
        const found = await Promise.race([run(), late]).catch((error): Finding => {
          const says = `could not be checked: ${error instanceof Error ? error.message : String(error)}`
          return { status: 'failed', says, advice: 'See the log of the server' }
        })
        clearTimeout(timer)
        return [found].flat().map((finding) => ({ check: name, ...finding }))
      }),
    )
  ).flat()
  const status = order[Math.max(0, ...findings.map((finding) => order.indexOf(finding.status)))] ?? 'ok'
  return { status, findings }
}
