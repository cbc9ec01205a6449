/** Containing a leaked identity, branding, and what is done rarely. */
export const more = {
  Contain: 'Eindämmen',
  'For an identity that has leaked: its sessions, tokens, keys, secrets and grants end at once and for good, and it is suspended until you activate it.':
    'Für eine Identität, die in falschen Händen ist: ihre Sitzungen, Tokens, Schlüssel, Geheimnisse und Berechtigungen enden sofort und für immer, und sie bleibt gesperrt, bis Sie sie aktivieren.',
  '{name} is contained': '{name} ist eingedämmt',
  access: 'Zugang',
  sessions: 'Sitzungen',
  tokens: 'Tokens',
  trusts: 'Vertrauen in Aussteller',
  credentials: 'Schlüssel und Geheimnisse',
  'api-keys': 'API-Schlüssel',
  grants: 'Berechtigungen',
  'Allowed and unwise': 'Erlaubt, aber unklug',
  'Nothing found.': 'Nichts gefunden.',
  'Erase from the log': 'Aus dem Protokoll löschen',
  'What the audit log says of this person is erased for good; the signed tree stays and verifies.':
    'Was das Protokoll über diese Person sagt, wird für immer gelöscht; der unterschriebene Baum bleibt und lässt sich prüfen.',
  Erased: 'Gelöscht',
  'Send again': 'Noch einmal senden',
  'It is sent again': 'Es wird noch einmal gesendet',
  'It gets each entry after this position once more, with the position it had.':
    'Jeder Eintrag nach dieser Position geht noch einmal dorthin, mit der Position, die er hatte.',
  'After position': 'Nach Position',
  'Remove and archive now': 'Jetzt entfernen und archivieren',
  'What is past its retention loses for good what it says, and what is old enough goes into archives. It happens by itself every hour.':
    'Was seine Aufbewahrung überschritten hat, verliert für immer, was es sagt, und was alt genug ist, wandert in Archive. Das geschieht jede Stunde von selbst.',
  Done: 'Erledigt',
  '{removed} removed, {archived} archived, {held} held': '{removed} entfernt, {archived} archiviert, {held} gesperrt',
  'Send it by mail': 'Per E-Mail senden',
  'A letter with a link that works once goes to {email}; a former link is void.':
    'Ein Brief mit einem Link, der einmal gilt, geht an {email}; ein früherer Link gilt nicht mehr.',
  'The letter is on its way': 'Der Brief ist unterwegs',
  Branding: 'Erscheinungsbild',
  Colour: 'Farbe',
  'Of buttons and links, as #17605a. One that could not be read is refused':
    'Von Knöpfen und Links, etwa #17605a. Eine, die sich nicht lesen ließe, wird abgelehnt',
  'Colour on dark pages': 'Farbe auf dunklen Seiten',
  'Empty: made of the other': 'Leer: aus der anderen gemacht',
  Logo: 'Logo',
  'A PNG of at most 16 KB and 1024 × 512': 'Ein PNG von höchstens 16 KB und 1024 × 512',
  'Logo on dark pages': 'Logo auf dunklen Seiten',
  Texts: 'Texte',
  'One a line, as de.welcome: Willkommen. In each language welcome and help':
    'Einer je Zeile, etwa de.welcome: Willkommen. In jeder Sprache welcome und help',
  Preview: 'Vorschau',
  'A page that shows what is typed, light and dark. Nothing changes by it.':
    'Eine Seite, die zeigt, was hier steht, hell und dunkel. Dadurch ändert sich nichts.',
  'Make a preview': 'Vorschau machen',
  'Look at it': 'Ansehen',
  'The picture as it is': 'Das Bild, wie es ist',
  'Take it away': 'Wegnehmen',
  'Days for which a browser is spared the second factor':
    'Tage, für die einem Browser der zweite Faktor erlassen bleibt',
  'People may make accounts themselves': 'Personen dürfen sich selbst ein Konto anlegen',
  'Such accounts are approved by': 'Solche Konten genehmigt',
  'Secrets and keys of machines that want attention':
    'Geheimnisse und Schlüssel von Maschinen, die jemand ansehen sollte',
  'None: each ends, is used, and has an owner.': 'Keine: jeder hat ein Ende, wird benutzt und gehört jemandem.',
  key: 'Schlüssel',
  secret: 'Geheimnis',
  'ends-soon': 'endet bald',
  endless: 'ohne Ende',
  old: 'alt',
  'never-used': 'nie benutzt',
  'owner-left': 'der Eigentümer ist ausgeschieden',
  Replicas: 'Replikate',
  'No application decides by itself.': 'Keine Anwendung entscheidet selbst.',
  '{seconds} s old': '{seconds} s alt',
  Programs: 'Programme',
  'A program with a token of yours registers itself as an application: once, within a day (RFC 7591).':
    'Ein Programm mit einem Token von Ihnen registriert sich selbst als Anwendung: einmal, binnen eines Tages (RFC 7591).',
  'Issue a token': 'Token ausstellen',
  'Whoever holds it can make one application here. It is shown once.':
    'Wer es hat, kann hier eine Anwendung anlegen. Es wird einmal gezeigt.',
  Issued: 'Ausgestellt',
  'The new token': 'Das neue Token',
  'This is the only time it is shown. Give it to the program now.':
    'Es wird nur jetzt gezeigt. Geben Sie es jetzt dem Programm.',
  Token: 'Token',
  administrator: 'ein Administrator',
  none: 'niemand',
} as const
