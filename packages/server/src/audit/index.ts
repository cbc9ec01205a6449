export { type Audit, type AuditDeps, openAudit } from './audit.ts'
export { auditMigrations, eraseLedgerEntries } from './ledger/ledger.store.ts'
export { type Ledger, type LedgerDeps, openLedger } from './ledger/ledger.ts'
export { listArchives } from './retention/archive.store.ts'
export {
  type ArchiveFile,
  archiveDirectoryOf,
  examineArchives,
  PutBack,
  readArchiveFile,
} from './retention/archive-files.ts'
export { auditViews } from './search/index.store.ts'
