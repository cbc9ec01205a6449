import { entityToJson, PolicySet } from '@gatehouse/cedar'
import { readObligations } from '#authorization'
import { type FileProblem, Problems, placeIn } from '../places/problem.ts'
import { parseUid } from '../places/uid.ts'
import { problemAt } from '../places/yaml.ts'
import {
  type BundleFiles,
  bundleLimits,
  hashBundle,
  kindOf,
  manifestFile,
  readBundleFiles,
  schemaFile,
} from './bundle-files.ts'
import { type Case, readCases } from './cases.ts'
import { tokensOf } from './cedar-text.ts'
import { type Manifest, type PlacedManifest, readManifest } from './manifest.ts'
import { directoryTypes } from './prelude.ts'
import { type ReadPolicy, readPolicies } from './read-policies.ts'
import { attributesOf, entityTypesOf, hasAction, type ReadSchema, readSchema } from './read-schema.ts'
import { type CaseResult, type CaseRules, runCases } from './run-cases.ts'

/** A bundle that may be activated: everything checked, all its tests passed. */
export interface CheckedBundle {
  readonly hash: string
  readonly files: BundleFiles
  /** Cedar's JSON policy set, as text. */
  readonly policies: string
  /** Cedar's JSON schema, as text. */
  readonly schema: string
  /** The schema's actions with their groups as parents, Cedar entity JSON as text. */
  readonly actionEntities: string
  readonly manifest: Manifest
  /** The ids of its templates. */
  readonly templates: readonly string[]
}

/** What a check found: the bundle, unless something is wrong with it. */
export interface BundleCheck {
  readonly bundle: CheckedBundle | undefined
  readonly problems: readonly FileProblem[]
  /** What deserves a look but does not refuse the bundle. */
  readonly warnings: readonly FileProblem[]
  readonly tests: readonly CaseResult[]
}

/** What bundles of a kind of their own are held to beside. */
export interface BundleRules extends CaseRules {
  readonly checkPolicies?: (policies: readonly ReadPolicy[], files: BundleFiles, problems: Problems) => void
}

/**
 * The whole way of a bundle before it is stored: bounds, parse, ownership of types, strict validation, its own tests. Everything
 * that is wrong is told at once, as far as one step can be judged without the one before.
 */
export async function checkBundle(
  sent: Readonly<Record<string, string>>,
  rules: BundleRules = {},
): Promise<BundleCheck> {
  const problems = new Problems()
  const warnings = new Problems()
  const refused = (tests: readonly CaseResult[] = []): BundleCheck => ({
    bundle: undefined,
    problems: problems.list,
    warnings: warnings.list,
    tests,
  })
  const files = readBundleFiles(sent, problems)
  if (files === undefined) return refused()
  const schema = readSchema(files.get(schemaFile) as string, problems)
  const policies = readPolicies(files, problems)
  const placed = readManifest(manifestFile, files.get(manifestFile), problems)
  refuseForeign(files, problems)
  rules.checkPolicies?.(policies, files, problems)
  if (schema === undefined || placed === undefined || problems.any) return refused()

  const set = PolicySet.fromJson({ staticPolicies: texts(policies, false), templates: texts(policies, true) })
  validate(set, schema, files, policies, problems, warnings)
  checkTemplates(set, files, policies, problems)
  checkObligations(files, policies, problems)
  checkManifest(placed, schema, policies, problems)
  const cases = readAllCases(files, schema, placed.manifest, problems)
  if (problems.any) return refused()

  const tests = await runCases(cases, set, schema.schema, problems, rules)
  if (problems.any) return refused(tests)
  const bundle: CheckedBundle = {
    hash: hashBundle(files),
    files,
    policies: set.toJsonText(),
    schema: JSON.stringify(schema.json),
    actionEntities: JSON.stringify(schema.schema.actions().map(entityToJson)),
    manifest: placed.manifest,
    templates: set.templateIds(),
  }
  return { bundle, problems: [], warnings: warnings.list, tests }
}

function texts(policies: readonly ReadPolicy[], templates: boolean): Record<string, string> {
  const chosen = policies.filter(({ isTemplate }) => isTemplate === templates)
  return Object.assign(Object.create(null), Object.fromEntries(chosen.map(({ id, text }) => [id, text])))
}

function refuseForeign(files: BundleFiles, problems: Problems): void {
  for (const [file, text] of files) {
    if (kindOf(file) !== 'policies') continue
    for (const token of tokensOf(text)) {
      if (token.kind !== 'word' || token.text !== 'Gatehouse') continue
      const says = 'an application cannot speak of Gatehouse::, which only Gatehouse itself decides'
      problems.add({ file, ...placeIn(text, token.at), says })
    }
  }
}

function validate(
  set: PolicySet,
  schema: ReadSchema,
  files: BundleFiles,
  policies: readonly ReadPolicy[],
  problems: Problems,
  warnings: Problems,
): void {
  const { errors, warnings: found } = set.validate(schema.text)
  const byId = new Map(policies.map((policy) => [policy.id, policy]))
  for (const [list, into] of [
    [errors, problems],
    [found, warnings],
  ] as const) {
    for (const finding of list) {
      const policy = byId.get(finding.policy)
      const file = policy?.file ?? schemaFile
      const at = policy === undefined ? 0 : policy.at + (finding.place?.start ?? 0)
      const says = finding.message.replace(/^for policy `[^`]*`, /, '')
      const named = policy === undefined ? says : `policy ${JSON.stringify(policy.id)}: ${says}`
      const help = finding.help === undefined ? {} : { help: finding.help }
      into.add({ file, ...placeIn(files.get(file) ?? '', at), says: named, ...help })
    }
  }
}

/** A grant fills both slots: a template with one could never be granted. */
function checkTemplates(set: PolicySet, files: BundleFiles, policies: readonly ReadPolicy[], problems: Problems): void {
  for (const { id, file, at, isTemplate } of policies) {
    if (!isTemplate || set.slots(id)?.length === 2) continue
    const says = `the template ${JSON.stringify(id)} must have both ?principal and ?resource: a grant fills both`
    problems.add({ file, ...placeIn(files.get(file) as string, at), says })
  }
}

/** Obligations that do not read would oblige to what nobody can do. */
function checkObligations(files: BundleFiles, policies: readonly ReadPolicy[], problems: Problems): void {
  for (const { id, file, at, est } of policies)
    for (const problem of readObligations(est.annotations ?? {}).problems)
      problems.add({ file, ...placeIn(files.get(file) as string, at), says: `${id}: ${problem}` })
}

function checkManifest(
  placed: PlacedManifest,
  schema: ReadSchema,
  policies: readonly ReadPolicy[],
  problems: Problems,
): void {
  const types = entityTypesOf(schema.json)
  for (const { type, at } of placed.typeAt)
    if (!types.has(type)) problemAt(at, problems, `the schema has no entity type ${type}`)
  for (const [type, names] of Object.entries(placed.manifest.suppliedAttributes)) {
    const at = placed.typeAt.find((other) => other.type === type)?.at ?? placed.root
    if (at === undefined || !types.has(type)) continue
    if (Object.hasOwn(directoryTypes, type))
      problemAt(at, problems, `${type} is the directory's: a caller cannot supply its attributes`)
    else
      for (const name of names)
        if (!attributesOf(schema.json, type).includes(name))
          problemAt(at, problems, `the schema gives ${type} no attribute ${name}`)
  }
  const { actionNamespace } = placed.manifest
  if (actionNamespace !== undefined && placed.root !== undefined && schema.json[actionNamespace] === undefined)
    problemAt(placed.root, problems, `the schema has no namespace ${actionNamespace}`)
  const templates = new Set(policies.filter(({ isTemplate }) => isTemplate).map(({ id }) => id))
  for (const [id, at] of placed.roleAt)
    if (!templates.has(id)) problemAt(at, problems, `there is no template with @id("${id}")`)
}

function readAllCases(files: BundleFiles, schema: ReadSchema, manifest: Manifest, problems: Problems): Case[] {
  const namespace = manifest.actionNamespace === undefined ? '' : `${manifest.actionNamespace}::`
  const readAction = (written: string) => {
    const uid = parseUid(written) ?? { type: `${namespace}Action`, id: written }
    return hasAction(schema.json, uid.type, uid.id) ? uid : undefined
  }
  const cases: Case[] = []
  for (const [file, text] of files) {
    if (kindOf(file) !== 'cases') continue
    cases.push(...readCases(file, text, readAction, problems))
    if (cases.length > bundleLimits.cases) {
      problems.ofFile(file, `the bundle has more than ${bundleLimits.cases} tests`)
      return cases
    }
  }
  return cases
}
