import { deployment, type Gate } from '#authorization'
import { yaml } from '#config'
import { Type } from '#kernel'
import { type Operation, operation } from '#web'
import type { Objective } from '../slos/objective.ts'
import type { Watched } from '../slos/slo-file.ts'
import { alertmanagerRoutes } from './alertmanager.ts'
import { dashboards, grafanaJson } from './grafana.ts'
import { prometheusRules } from './prometheus.ts'

export interface ExportDeps {
  readonly gate: Gate
  readonly watched: Watched
}

/** Everything that other software needs to watch Gatehouse, as files. */
export function monitoringFiles({ objectives, receivers }: Watched, docs: string): Record<string, string> {
  const files: Record<string, string> = {
    'prometheus/gatehouse.rules.yml': prometheusRules(objectives, docs),
    'alertmanager/routes.yml': alertmanagerRoutes(receivers),
    'gatehouse/objectives.yml': objectivesFile(objectives),
  }
  for (const one of dashboards(objectives)) files[`grafana/${one.uid}.json`] = grafanaJson(one, docs)
  return files
}

/** What is watched, in the form of `GATEHOUSE_SLO_FILE`: to be kept, compared and changed. */
function objectivesFile(objectives: readonly Objective[]): string {
  const says = '# The objectives in force. A line changed here and named by GATEHOUSE_SLO_FILE changes the objective.\n'
  return says + yaml().stringify({ objectives }, { aliasDuplicateObjects: false, lineWidth: 0 })
}

export function exportOperations({ gate, watched }: ExportDeps): Operation[] {
  return [
    operation({
      id: 'observability.export',
      method: 'GET',
      url: '/api/observability/export',
      summary: 'Prometheus rules, Alertmanager routes, Grafana dashboards and the objectives themselves, as files',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        query: Type.Object(
          {
            docs: Type.Optional(
              Type.String({
                pattern: '^(https?://|/)[^\\s"\'{}\\\\]*$',
                maxLength: 300,
                description: 'Where runbooks are read',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        reply: Type.Object({ files: Type.Record(Type.String(), Type.String()) }),
      },
      handle: async ({ act, query }) => {
        gate.require(act, 'examine', deployment)
        return { files: monitoringFiles(watched, (query.docs ?? '/docs').replace(/\/$/, '')) }
      },
    }),
  ]
}
