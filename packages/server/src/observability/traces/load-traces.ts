import type { Traces, TracesDeps, TracesSettings } from './traces.ts'

/** Records requests and sends them to a collector of OpenTelemetry. What it needs is loaded when one is named. */
export async function openTraces(settings: TracesSettings, deps: TracesDeps): Promise<Traces> {
  return (await import('./open-traces.ts')).openTraces(settings, deps)
}
