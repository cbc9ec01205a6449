/** Keeping the audit log: retention and legal holds. */
export const audit = {
  'Set retention': 'Aufbewahrung festlegen',
  Set: 'Festlegen',
  'The retention is set': 'Die Aufbewahrung ist festgelegt',
  Of: 'Von',
  'Empty: every organization that has no setting of its own':
    'Leer: jede Organisation, die nichts Eigenes festgelegt hat',
  'Days for which entries keep what they say': 'Tage, für die Einträge behalten, was sie sagen',
  'Empty: for good. At least {count}. What is past it does not come back; the signed tree stays whole.':
    'Leer: auf Dauer. Mindestens {count}. Was abgelaufen ist, kommt nicht zurück; der unterschriebene Baum bleibt ganz.',
  'Days after which it goes into archives': 'Tage, nach denen es in Archive wandert',
  'Compressed files of the whole log that may lie on cheap storage. Empty: never':
    'Gepackte Dateien des ganzen Protokolls, die auf billigem Speicher liegen dürfen. Leer: nie',
  'Minimum of every retention': 'Mindestmaß jeder Aufbewahrung',
  'The minimum is set': 'Das Mindestmaß ist festgelegt',
  'Days that every entry is kept at least': 'Tage, die jeder Eintrag mindestens bewahrt wird',
  'Whatever an organization sets, and has set. 0: no minimum':
    'Was immer eine Organisation festlegt und festgelegt hat. 0: kein Mindestmaß',
  'No organization keeps less than {count} days.': 'Keine Organisation bewahrt weniger als {count} Tage.',
  'Change the minimum': 'Mindestmaß ändern',
  'Place a legal hold': 'Aufbewahrungssperre setzen',
  Place: 'Setzen',
  'The hold is placed': 'Die Sperre ist gesetzt',
  'What it covers is neither removed nor erased, whatever its retention. Name at least one of these; all must fit.':
    'Was sie deckt, wird weder entfernt noch gelöscht, was auch immer seine Aufbewahrung ist. Nennen Sie mindestens eines; alles Genannte muss zutreffen.',
  Person: 'Person',
  'What they did, and what was done to them': 'Was sie taten und was ihnen getan wurde',
  'Not included': 'Nicht eingeschlossen',
  'Ends by itself': 'Endet von selbst',
  'Empty: until it is released': 'Leer: bis sie freigegeben wird',
}
