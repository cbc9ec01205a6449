import {
  applyMachineChange,
  type Machine,
  parseGroup,
  parseOrganizationChange,
  parseProvider,
  parseUser,
  providerDefaults,
} from '#directory'
import { isFault } from '#kernel'
import type { Problems } from '../places/problem.ts'
import { problemAt } from '../places/yaml.ts'
import {
  brandingFields,
  type Fields,
  machineChange,
  machineFields,
  organizationChange,
  providerChange,
  providerFields,
  userChange,
} from './fields.ts'
import type { WantedItem } from './item.ts'

/**
 * Brings the values of an item into the form in which the directory keeps them, so that what was applied once is never found
 * changed; tells at its place what the directory would refuse.
 */
export function normalise<T extends WantedItem>(item: T, problems: Problems): T {
  try {
    return { ...item, fields: normalised(item, problems) }
  } catch (error) {
    if (!isFault(error, 'directory.invalid')) throw error
    const found = (error.extra?.errors ?? []) as { pointer: string; detail: string }[]
    for (const { pointer, detail } of found) problemAt(item.at, problems, `${item.name}: ${fieldOf(pointer)} ${detail}`)
    return item
  }
}

/** `/displayName` → `title`: the name that the file uses. */
function fieldOf(pointer: string): string {
  const path = pointer.slice(1)
  return path.replace(/^displayName/, 'title').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function normalised({ kind, name, fields, at }: WantedItem, problems: Problems): Fields {
  switch (kind) {
    case 'organization': {
      const { displayName, domains, settings } = parseOrganizationChange({ name, ...organizationChange(fields) })
      return {
        ...fields,
        ...(fields.title !== undefined && { title: displayName }),
        ...(domains && { domains }),
        ...(settings?.branding && { branding: brandingFields(settings.branding) }),
      }
    }
    case 'user': {
      const parsed = parseUser({ username: name, ...userChange(fields) })
      if (parsed.username !== name)
        problemAt(at, problems, `the user name ${name} is kept as ${parsed.username}: write it so`)
      return {
        ...fields,
        ...(fields.name !== undefined && { name: parsed.displayName }),
        ...(fields.email !== undefined && { email: parsed.email }),
      }
    }
    case 'group': {
      const { displayName } = parseGroup({ name, displayName: (fields.title as string | undefined) ?? name })
      return { ...fields, ...(fields.title !== undefined && { title: displayName }) }
    }
    case 'machine':
    case 'application': {
      const keys = fields.keys === undefined ? {} : { keys: machineFields(withKeys(fields), '').keys }
      const { displayName } = parseGroup({ name, displayName: (fields.title as string | undefined) ?? name })
      const trusts = fields.trusts === undefined ? {} : { trusts: machineFields(withTrusts(fields), '').trusts }
      return { ...fields, ...(fields.title !== undefined && { title: displayName }), ...keys, ...trusts }
    }
    case 'provider': {
      const parsed = parseProvider({ name, ...providerChange(fields) })
      const { state: _, title: __, ...rest } = providerFields({ ...providerDefaults(parsed), state: 'active' })
      const given = Object.keys(rest).filter((field) => fields[field] !== undefined)
      return {
        ...fields,
        ...(fields.title !== undefined && { title: parsed.displayName }),
        ...Object.fromEntries(given.map((field) => [field, rest[field]])),
      }
    }
    default:
      return fields
  }
}

const blank = {
  trusts: [],
  credentials: { authMethod: 'client_secret_basic', secrets: [], keys: [] },
} as unknown as Machine

/** The same of trusts: what is left out has its default. */
function withTrusts(fields: Fields): Machine {
  return applyMachineChange(blank, machineChange({ trusts: fields.trusts }), 0)
}

/** A machine that has only these keys: the directory names and orders their members. */
function withKeys(fields: Fields): Machine {
  return applyMachineChange(blank, machineChange({ keys: fields.keys }), 0)
}
