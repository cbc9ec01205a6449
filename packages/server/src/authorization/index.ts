export type { EntityJson, EntitySource, EntityUid, OwnedEntity } from './entities/source.ts'
export { deployment, type Gate } from './gate/gate.ts'
