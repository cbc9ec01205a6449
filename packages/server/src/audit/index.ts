export { type Audit, type AuditDeps, openAudit } from './audit.ts'
export { auditMigrations, eraseLedgerEntries } from './ledger/ledger.store.ts'
export { type Ledger, type LedgerDeps, openLedger } from './ledger/ledger.ts'
export { auditViews } from './search/index.store.ts'
