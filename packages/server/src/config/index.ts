export * from './config.ts'
export type { MailServer } from './mail-server.ts'
export { findShapeProblem } from './shape.ts'
export { yaml } from './yaml.ts'
