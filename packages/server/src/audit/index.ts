export { ledgerOperations } from './ledger/ledger.routes.ts'
export { auditMigrations, eraseLedgerEntries } from './ledger/ledger.store.ts'
export { type Ledger, type LedgerDeps, openLedger } from './ledger/ledger.ts'
