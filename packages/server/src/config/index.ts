export * from './config.ts'
export { yaml } from './yaml.ts'
