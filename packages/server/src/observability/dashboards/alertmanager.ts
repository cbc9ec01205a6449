import type { Receiver } from '../slos/slo-file.ts'

/** Routes and receivers for Alertmanager: one alert an objective, the platform's own outage inhibits what follows from it. */
export function alertmanagerRoutes(receivers: readonly Receiver[]): string {
  const routes = receivers.flatMap(({ name, severities, components }) => [
    `    - receiver: ${name}`,
    '      continue: true',
    ...(severities === undefined && components === undefined ? [] : ['      matchers:']),
    ...(severities === undefined ? [] : [`        - 'severity=~"${severities.join('|')}"'`]),
    ...(components === undefined ? [] : [`        - 'component=~"${components.join('|')}"'`]),
  ])
  const lines = [
    'route:',
    '  receiver: nobody',
    '  group_by: [objective, severity]',
    '  group_wait: 30s',
    '  group_interval: 5m',
    '  repeat_interval: 12h',
    ...(routes.length > 0 ? ['  routes:', ...routes] : []),
    'inhibit_rules:',
    '  - source_matchers: [\'component="platform"\', \'severity="page"\']',
    '    target_matchers: [\'component!="platform"\']',
    '  - source_matchers: [\'severity="page"\']',
    '    target_matchers: [\'severity="ticket"\']',
    '    equal: [objective]',
    'receivers:',
    '  - name: nobody',
    ...receivers.flatMap(({ name, webhook, mail }) => [
      `  - name: ${name}`,
      ...(webhook === undefined
        ? []
        : ['    webhook_configs:', `      - url: '${webhook.replaceAll("'", "''")}'`, '        send_resolved: true']),
      ...(mail === undefined
        ? []
        : ['    email_configs:', ...mail.map((to) => `      - to: '${to.replaceAll("'", "''")}'`)]),
    ]),
  ]
  return `${lines.join('\n')}\n`
}
