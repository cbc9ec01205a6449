/** Identity providers and linked identities. */
export const providers = {
  'All links of people to it go with it, and sessions that came by it end. It cannot be undone.':
    'Alle Verknüpfungen von Personen damit gehen mit, und Sitzungen, die darüber kamen, enden. Das lässt sich nicht rückgängig machen.',
  'As its ID tokens say it; the rest is found by discovery':
    'Wie seine ID-Tokens es sagen; der Rest findet sich durch Discovery',
  'As the provider gave it. It is sealed, and never shown again.':
    'Wie der Anbieter es gegeben hat. Es wird versiegelt und nie wieder gezeigt.',
  'Ask it now': 'Jetzt fragen',
  'Back-channel logout': 'Abmeldung im Hintergrund',
  'Client secret': 'Client-Geheimnis',
  'Failed sign-ins by providers': 'Fehlgeschlagene Anmeldungen über Anbieter',
  Failures: 'Fehlschläge',
  Health: 'Zustand',
  'Identity provider': 'Identitätsanbieter',
  'Identity providers': 'Identitätsanbieter',
  'Identity providers by which people sign in, and outside issuers whose workloads may be machines here: as this node has seen them since it started.':
    'Identitätsanbieter, über die sich Personen anmelden, und fremde Aussteller, deren Programme hier Maschinen sein dürfen: wie dieser Knoten sie seit seinem Start gesehen hat.',
  Issuer: 'Aussteller',
  'Issuers of workloads': 'Aussteller für Maschinen',
  'It answers as it should. Register this there:': 'Er antwortet, wie er soll. Dort einzutragen:',
  'It signs them in no more, and sessions that came by it end. They can link it again.':
    'Damit melden sie sich nicht mehr an, und Sitzungen, die darüber kamen, enden. Sie können es wieder verknüpfen.',
  'Last success': 'Zuletzt gelungen',
  Latency: 'Antwortzeit',
  'Linked identities': 'Verknüpfte Identitäten',
  'New identity provider': 'Neuer Identitätsanbieter',
  'Nobody signs in by it, and sessions that came by it end. You can undo it.':
    'Niemand meldet sich darüber an, und Sitzungen, die darüber kamen, enden. Das lässt sich rückgängig machen.',
  'None. They link one themselves, on their account page.': 'Keine. Sie verknüpfen eine selbst, auf ihrer Kontoseite.',
  'One a line. It is offered to people with such an address, and may bring unknown ones':
    'Eine je Zeile. Er wird Personen mit so einer Adresse angeboten und darf unbekannte bringen',
  'Only owners can add one': 'Nur Eigentümer können einen hinzufügen',
  'Our keys': 'Unsere Schlüssel',
  'Redirect address': 'Rücksprungadresse',
  'Set the secret': 'Geheimnis setzen',
  'Signed in or linked': 'Angemeldet oder verknüpft',
  'The secret is set': 'Das Geheimnis ist gesetzt',
  'Unknown people of these domains get an account': 'Unbekannte mit diesen Domains bekommen ein Konto',
  Unlink: 'Lösen',
  Unlinked: 'Gelöst',
  'Values of acr that count as a second factor': 'Werte von acr, die als zweiter Faktor gelten',
  'Values of amr that count as a second factor': 'Werte von amr, die als zweiter Faktor gelten',
  'With an identity provider people sign in here by an account they have elsewhere, once they have linked it.':
    'Mit einem Identitätsanbieter melden sich Personen hier mit einem Konto an, das sie anderswo haben, sobald sie es verknüpft haben.',
  linked: 'verknüpft',
  unreachable: 'nicht erreichbar',
  invalid: 'falsche Antwort',
  refused: 'dort abgebrochen',
  stale: 'verspätet oder wiederholt',
  not_linked: 'nicht verknüpft',
  barred: 'hier nicht offen',
  client_secret_post: 'Client-Geheimnis (im Formular)',
  '{half} ms for half, {most} ms for 95 %': '{half} ms für die Hälfte, {most} ms für 95 %',
} as const
