import { randomUUID } from 'node:crypto'
import { Outgoing } from '#web'
import { Exporter } from './exporter.ts'
import { SamplingTracer } from './tracer.ts'
import type { Traces, TracesDeps, TracesSettings } from './traces.ts'

export function openTraces({ url, share, headers }: TracesSettings, deps: TracesDeps): Traces {
  // The operator's own setting names the address: it may be private.
  const outgoing = new Outgoing(['0.0.0.0/0', '::/0'])
  const exporter = new Exporter({
    ...deps,
    url,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, value.reveal()])),
    send: (address, request) => outgoing.send(address, request),
    resource: { serviceName: 'gatehouse', instanceId: randomUUID() },
  })
  const tracer = new SamplingTracer({ ...deps, take: exporter.take }, share)
  return { tracer, flush: () => exporter.flush(), close: () => exporter.close() }
}
