import type { Clock, Entropy, Meter, Secret, Tracer } from '#kernel'

export interface TracesSettings {
  readonly url: string
  readonly share: number
  readonly headers: readonly (readonly [name: string, value: Secret])[]
}

export interface TracesDeps {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly onError: (where: string, error: unknown) => void
}

export interface Traces {
  readonly tracer: Tracer
  /** Resolves when what was recorded has been sent or given up. */
  flush(): Promise<void>
  close(): Promise<void>
}
