import type { Person } from '../deps.ts'

/** What a later room keeps about people, for their export. */
export interface ExportPart {
  readonly name: string
  read(person: Person): Promise<unknown>
}
