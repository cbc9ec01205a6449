export { migrations } from '../../src/migrations.ts'
