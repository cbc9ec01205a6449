export * from './config.ts'
export type { MailServer } from './mail-server.ts'
export { yaml } from './yaml.ts'
