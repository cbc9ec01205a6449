/** Whole sentences. */
export const long = {
  'Its client secrets end at once and for good: it proves itself by keys from now on':
    'Ihre Client-Geheimnisse enden sofort und endgültig: Sie weist sich fortan mit Schlüsseln aus',
  'The browser does not let it be copied: mark it and copy it yourself.':
    'Der Browser lässt es nicht kopieren: Markieren und kopieren Sie es selbst.',
  'It was made in this browser, and only its public half was sent. Put it where the program reads it now.':
    'Er entstand in diesem Browser, gesendet wurde nur die öffentliche Hälfte. Legen Sie ihn jetzt dahin, wo das Programm ihn liest.',
  'is made here: the private half is shown once and never sent':
    'entsteht hier: Die private Hälfte wird einmal gezeigt und nie gesendet',
  'A grant of the role {role} would have no role any more': 'Ein Recht mit der Rolle {role} hätte keine Rolle mehr',
  'A grant says: this person, group or machine holds this role on this resource, perhaps for a time, and why.':
    'Ein Recht sagt: Diese Person, Gruppe oder Maschine hat diese Rolle auf dieser Ressource, vielleicht für eine Zeit, und warum.',
  'A group holds users, machines and other groups. What is granted to it, each of its members holds.':
    'Eine Gruppe enthält Personen, Maschinen und andere Gruppen. Was sie darf, darf jedes ihrer Mitglieder.',
  'A machine is a service account: a job, a server, a pipeline. Each has an owner who answers for it.':
    'Eine Maschine ist ein Dienstkonto: ein Job, ein Server, eine Pipeline. Für jede steht jemand ein.',
  'All of this can be kept in Git: export it, change it, see the difference, apply it.':
    'All dies kann in Git liegen: ausgeben, ändern, den Unterschied sehen, anwenden.',
  'All their factors and sessions end for good. You get a one-time link by which they enrol anew: give it to them in person.':
    'Alle Faktoren und Sitzungen enden für immer. Sie erhalten einen Einmal-Link für die neue Einrichtung: Übergeben Sie ihn persönlich.',
  'An application is what people sign in to and what policies protect. Register the first one.':
    'Bei einer Anwendung melden sich Menschen an, und Richtlinien schützen sie. Legen Sie die erste an.',
  'An organization is a tenant: it has its own people, groups, machines, applications and rules of sign-in.':
    'Eine Organisation ist ein Mandant: mit eigenen Personen, Gruppen, Maschinen, Anwendungen und Anmelderegeln.',
  'An organization is deleted for good. It must be empty first.':
    'Eine Organisation wird für immer gelöscht. Sie muss zuvor leer sein.',
  'Another policy: {policies}': 'Eine andere Richtlinie: {policies}',
  'Approved: the letter is on its way': 'Zugelassen: Der Brief ist unterwegs',
  'Ask the policies in force, as anybody, about anything. Nothing is changed by asking.':
    'Fragen Sie die geltenden Richtlinien, für wen und worüber auch immer. Fragen ändert nichts.',
  'Bundle {number} is in force': 'Bündel {number} ist in Kraft',
  'Bundle {number} is in force again at once. The present one stays in the history.':
    'Bündel {number} gilt sofort wieder. Das jetzige bleibt im Verlauf.',
  'Close this tab: the other one goes on where it was.':
    'Schließen Sie diesen Tab: Der andere macht dort weiter, wo er war.',
  'Colours: {theme}': 'Farben: {theme}',
  'Decisions follow it at once, on every node. The former bundle stays in the history: one press puts it back.':
    'Entscheidungen folgen ihm sofort, auf jedem Knoten. Das frühere Bündel bleibt im Verlauf: Ein Druck holt es zurück.',
  'Each change of Gatehouse writes an event in the same transaction: what is not here did not happen.':
    'Jede Änderung schreibt in derselben Transaktion ein Ereignis: Was hier nicht steht, ist nicht geschehen.',
  'Each decision that an application or gateway asks for is kept here with the policies that made it.':
    'Jede Entscheidung, die eine Anwendung oder ein Gateway erfragt, steht hier mit den Richtlinien, die sie trafen.',
  'Empty: until it is revoked. In your time zone, {zone}': 'Leer: bis es entzogen wird. In Ihrer Zeitzone, {zone}',
  'Everybody may sign in from anywhere with what they have. Policies can forbid it, or ask for more. Begin with one to change.':
    'Alle dürfen sich von überall mit dem anmelden, was sie haben. Richtlinien können es verbieten oder mehr verlangen. Beginnen Sie mit einer, die Sie ändern.',
  'For somebody who has left: sessions and tokens end, machines they own become orphans. They can be invited back.':
    'Für jemanden, der gegangen ist: Sitzungen und Token enden, eigene Maschinen verwaisen. Die Person kann wieder eingeladen werden.',
  'For the record and the next review': 'Fürs Protokoll und die nächste Durchsicht',
  'Former secrets stay valid for': 'Frühere Geheimnisse gelten noch',
  'Gatehouse did not answer. Nothing you typed is lost: try again when the connection is back.':
    'Gatehouse hat nicht geantwortet. Nichts Eingegebenes ist verloren: Versuchen Sie es wieder, wenn die Verbindung zurück ist.',
  'Give policies an @id to see what tests reach them.':
    'Geben Sie Richtlinien eine @id, um zu sehen, welche Tests sie erreichen.',
  'Good to see you, {name}': 'Schön, dass Sie da sind, {name}',
  'Invited, and not enrolled yet. They need a one-time link to choose a passkey or password.':
    'Eingeladen und noch nicht eingerichtet. Für Passkey oder Passwort braucht die Person einen Einmal-Link.',
  'It ends at once for everybody who holds it. Grant it anew to give it back. Why it was given: {why}':
    'Es endet sofort für alle, die es haben. Vergeben Sie es neu, um es zurückzugeben. Warum es vergeben wurde: {why}',
  'It permits {action} on {name}': 'Es erlaubt {action} auf {name}',
  'It was saved by somebody else after you opened it. Both changes can be kept.':
    'Jemand anderes hat gespeichert, nachdem Sie es geöffnet hatten. Beide Änderungen können bleiben.',
  'It works again at once. You can suspend it again at any time.':
    'Es geht sofort wieder. Sie können jederzeit erneut sperren.',
  'Its members lose at once what they held through it. It cannot be undone.':
    'Ihre Mitglieder verlieren sofort, was sie durch sie hatten. Das lässt sich nicht rückgängig machen.',
  'Its scope did not hold:': 'Der Geltungsbereich traf nicht zu:',
  'Its sign-ins, tokens and policies end. It cannot be undone.':
    'Anmeldungen, Token und Richtlinien enden. Das lässt sich nicht rückgängig machen.',
  'Its tokens end and its name becomes free. It cannot be undone.':
    'Ihre Token enden, der Name wird frei. Das lässt sich nicht rückgängig machen.',
  'Its tokens end at once. You can activate it again.': 'Ihre Token enden sofort. Sie können sie wieder aktivieren.',
  'Its tokens end at once. You can undo it.': 'Ihre Token enden sofort. Sie können es rückgängig machen.',
  'Lower-case letters, digits and hyphens': 'Kleinbuchstaben, Ziffern und Bindestriche',
  'No bundle was ever in force.': 'Noch nie war ein Bündel in Kraft.',
  'No connection to Gatehouse. What you see may be old; it is tried again.':
    'Keine Verbindung zu Gatehouse. Was Sie sehen, kann alt sein; es wird erneut versucht.',
  'No decision of this request is on record here.': 'Von dieser Anfrage ist hier keine Entscheidung verzeichnet.',
  'No event about this yet.': 'Dazu gibt es noch kein Ereignis.',
  'Nobody is in this group. What is granted to it is held by nobody yet.':
    'Niemand ist in dieser Gruppe. Was sie darf, darf noch niemand.',
  'Nobody of this organization can sign in, and all their sessions and tokens end. You can undo it.':
    'Niemand aus dieser Organisation kann sich anmelden, alle Sitzungen und Token enden. Sie können es rückgängig machen.',
  'Nobody waits for an answer.': 'Niemand wartet auf eine Antwort.',
  'None directly; roles on what it lies in reach it too.':
    'Keine unmittelbar; Rollen auf dem, worin es liegt, erreichen es auch.',
  'None of its own; groups may give it some.': 'Keine eigenen; Gruppen können welche geben.',
  'None. It authenticates by another way, or not yet.': 'Keine. Es weist sich anders aus, oder noch nicht.',
  'Nothing fits. Change what you search for.': 'Nichts passt. Ändern Sie die Suche.',
  'Nothing is permitted in this application until policies say so. Begin with a schema and two policies to change.':
    'In dieser Anwendung ist nichts erlaubt, bis Richtlinien es sagen. Beginnen Sie mit einem Schema und zwei Richtlinien zum Ändern.',
  'Nothing you typed is lost. Sign in again in a new tab, and this page goes on where it was.':
    'Nichts Eingegebenes ist verloren. Melden Sie sich in einem neuen Tab wieder an, und diese Seite macht dort weiter, wo sie war.',
  'One a line, as department: finance. Policies see them as tags':
    'Eines je Zeile, wie abteilung: finanzen. Richtlinien sehen sie als Tags',
  'One a line, compared exactly': 'Eine je Zeile, genau verglichen',
  'One a line. People with such an address sign in here':
    'Eine je Zeile. Wer eine solche Adresse hat, meldet sich hier an',
  'One a line: GET /documents/:id read Document::"{id}"': 'Eine je Zeile: GET /documents/:id read Document::"{id}"',
  'People sign in here, hold roles through grants and groups, and are named in every decision. Invite the first one.':
    'Menschen melden sich hier an, haben Rollen durch Rechte und Gruppen und stehen in jeder Entscheidung. Laden Sie die erste Person ein.',
  'Refused, and told': 'Abgelehnt und mitgeteilt',
  'Revoking {count} grants: {ids}': 'Entziehen von {count} Rechten: {ids}',
  'Sessions and tokens end at once. You can undo it.':
    'Sitzungen und Token enden sofort. Sie können es rückgängig machen.',
  'Sign-ins and tokens for it end at once. You can undo it.':
    'Anmeldungen und Token dafür enden sofort. Sie können es rückgängig machen.',
  'Something went wrong on this page.': 'Auf dieser Seite ging etwas schief.',
  'Tab indents; Escape, then Tab leaves the editor.': 'Tab rückt ein; Escape, dann Tab verlässt den Editor.',
  'The next key is published now and signs later; tokens that are out stay valid until they end. Nothing breaks.':
    'Der nächste Schlüssel wird jetzt veröffentlicht und signiert später; ausgegebene Token gelten bis zu ihrem Ende. Nichts bricht.',
  'The next signing key is published': 'Der nächste Signaturschlüssel ist veröffentlicht',
  'The personal data is erased for good; only a tombstone with the id stays.':
    'Die personenbezogenen Daten werden für immer gelöscht; nur ein Grabstein mit der Kennung bleibt.',
  'The role {role} on it': 'Die Rolle {role} darauf',
  'Their addresses are confirmed by a letter. Approving makes the user and sends them a link to enrol by.':
    'Ihre Adressen sind durch einen Brief bestätigt. Zulassen legt die Person an und schickt ihr einen Link zur Einrichtung.',
  'There is nothing at this address': 'Unter dieser Adresse ist nichts',
  'They are signed out everywhere at once and can sign in again.':
    'Die Person wird sofort überall abgemeldet und kann sich wieder anmelden.',
  'They are signed out there at once and can sign in again.':
    'Die Person wird dort sofort abgemeldet und kann sich wieder anmelden.',
  'They can enrol again with a new link.': 'Mit einem neuen Link kann die Person sich neu einrichten.',
  'This clause did not hold:': 'Diese Bedingung traf nicht zu:',
  'This installation protects nothing yet. The first hour leads you from here to a protected route.':
    'Diese Installation schützt noch nichts. Die erste Stunde führt von hier bis zu einer geschützten Route.',
  'This is not JSON yet': 'Das ist noch kein JSON',
  'This is the only time it is shown. Put it where the program reads it now.':
    'Es wird nur dieses eine Mal gezeigt. Legen Sie es jetzt dorthin, wo das Programm es liest.',
  'Times are in your zone. Now it is {time}.': 'Zeiten stehen in Ihrer Zone. Jetzt ist {time}.',
  'Type {name} to confirm': 'Zur Bestätigung {name} eingeben',
  'Unique in the organization': 'Eindeutig in der Organisation',
  'What alone would allow it': 'Was allein es erlauben würde',
  'What alone would take it away': 'Was allein es nehmen würde',
  'What is sealed from now on is sealed by new keys; what is sealed already can still be read.':
    'Was von nun an versiegelt wird, bekommt neue Schlüssel; schon Versiegeltes bleibt lesbar.',
  'What {email} entered is deleted, and they are told by a letter.':
    'Was {email} eingegeben hat, wird gelöscht, und ein Brief teilt es mit.',
  'Where a gateway asks Gatehouse, as https://docs.example.com':
    'Wo ein Gateway Gatehouse fragt, wie https://docs.example.com',
  'Whoever opens it first becomes this person: hand it over by a way you trust. It is shown only now.':
    'Wer ihn zuerst öffnet, wird diese Person: Übergeben Sie ihn auf einem Weg, dem Sie trauen. Er wird nur jetzt gezeigt.',
  'Whoever uses this key is refused at once. It cannot be undone; make another one instead.':
    'Wer diesen Schlüssel benutzt, wird sofort abgewiesen. Das lässt sich nicht rückgängig machen; legen Sie stattdessen einen neuen an.',
  'Whoever uses this secret is refused at once. It cannot be undone; issue another one instead.':
    'Wer dieses Geheimnis benutzt, wird sofort abgewiesen. Das lässt sich nicht rückgängig machen; stellen Sie ein anderes aus.',
  'You are signed in again': 'Sie sind wieder angemeldet',
  'You have not saved what you typed. Leave all the same?': 'Ihre Eingaben sind nicht gespeichert. Trotzdem gehen?',
  'You hold no role here. Ask an administrator for one.':
    'Sie haben hier keine Rolle. Bitten Sie einen Administrator um eine.',
  'Your session has ended': 'Ihre Sitzung ist beendet',
  '{child} is in {parent}': '{child} ist in {parent}',
  '{count} in all': '{count} insgesamt',
  '{count} more are in the list below': '{count} weitere stehen in der Liste unten',
  '{count} shown, more as you scroll': '{count} gezeigt, mehr beim Blättern',
  '{covered} of {count} named policies are made to decide by a test':
    '{covered} von {count} benannten Richtlinien werden von einem Test zur Entscheidung gebracht',
  '{name} becomes a user, and a letter with a link to enrol by goes to {email}.':
    '{name} wird angelegt, und ein Brief mit einem Link zur Einrichtung geht an {email}.',
  '{name} holds it': '{name} hat es',
  '{name} is deleted': '{name} ist gelöscht',
  '{name} is signed in now. Sign in as yourself to go on, or load the page again.':
    'Jetzt ist {name} angemeldet. Melden Sie sich selbst an, um weiterzumachen, oder laden Sie die Seite neu.',
  '{name} put another bundle in force after you began. See the difference before you put yours in force.':
    '{name} hat ein anderes Bündel in Kraft gesetzt, nachdem Sie begannen. Sehen Sie den Unterschied an, bevor Sie Ihres in Kraft setzen.',
  '{name} saved after you opened it. Both changes can be kept.':
    '{name} hat gespeichert, nachdem Sie es geöffnet hatten. Beide Änderungen können bleiben.',
  '{passed} of {count} tests pass': '{passed} von {count} Tests bestehen',
  '{role} on {name}': '{role} auf {name}',
} as const
