// Writes authorization/builtin/roles.est.json, the built-in bundle in Cedar's JSON form, from roles.cedar and
// gatehouse.cedarschema: a start then needs no parser. `builtin.test.ts` fails when the two disagree.
import { writeFileSync } from 'node:fs'
import { buildBuiltin, builtinFile } from '../packages/server/src/authorization/builtin/build.ts'

writeFileSync(builtinFile('roles.est.json'), await buildBuiltin())
