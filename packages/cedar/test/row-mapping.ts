import type { Mapping } from '../src/partial-sql.ts'

/** The tables that rows of `generate-rows.ts` stand in. */
export const mapping = (dialect: Mapping['dialect']): Mapping => ({
  dialect,
  id: 'doc.id',
  attributes: {
    owner: { column: 'doc.owner', kind: 'entity', entityType: 'User' },
    editor: { column: 'doc.editor', kind: 'entity', entityType: 'User', optional: true },
    team: { column: 'doc.team', kind: 'entity', entityType: 'Group', optional: true },
    level: { column: 'doc.level', kind: 'long' },
    limit: { column: 'doc.limit', kind: 'long', optional: true },
    open: { column: 'doc.open', kind: 'bool' },
    frozen: { column: 'doc.frozen', kind: 'bool', optional: true },
    title: { column: 'doc.title', kind: 'string' },
    note: { column: 'doc.note', kind: 'string', optional: true },
    due: { column: 'doc.due', kind: 'datetime', optional: true },
    price: { column: 'doc.price', kind: 'decimal' },
  },
  within: (eb, target) =>
    eb.exists(
      eb
        .selectFrom('folder')
        .select('doc_id')
        .whereRef('folder.doc_id', '=', 'doc.id')
        .where('folder.type', '=', target.type)
        .where('folder.id', '=', target.id),
    ),
})
