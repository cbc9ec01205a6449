import { difference, schemaDifference } from './compare.ts'
import { makeCase } from './generate.ts'
import { makeExtensionCase, makeOddJsonCase } from './generate-odd.ts'
import { makeSchemaCase } from './generate-schema.ts'
import { makeValueCase } from './generate-values.ts'
import type { Tape } from './tape.ts'

/** One kind of case: how much tape it takes, how many requests it compares, and what differs, if anything. */
export type Suite = {
  claim: string
  tape: number
  requests: number
  differs: (tape: Tape) => unknown
  show: (tape: Tape) => unknown
}

export const suites: readonly Suite[] = [
  {
    claim: 'the exact values of small expressions: sums at the edges, days, decimals, sets, short circuits',
    tape: 500,
    requests: 1,
    differs: (tape) => difference(makeValueCase(tape)),
    show: makeValueCase,
  },
  {
    claim: 'decision, reasons and erring policies of any policies, templates, links, entities and requests',
    tape: 1200,
    requests: 4,
    differs: (tape) => difference(makeCase(tape)),
    show: makeCase,
  },
  {
    claim: 'entities and requests read and checked by a schema, and the decisions on them',
    tape: 900,
    requests: 4,
    differs: (tape) => schemaDifference(makeSchemaCase(tape)),
    show: makeSchemaCase,
  },
  {
    claim: 'the texts that ip, decimal, datetime and duration take, and what they mean',
    tape: 120,
    requests: 8,
    differs: (tape) => difference(makeExtensionCase(tape)),
    show: makeExtensionCase,
  },
  {
    claim: 'the JSON that is a value, an entity or a context',
    tape: 300,
    requests: 1,
    differs: (tape) => difference(makeOddJsonCase(tape)),
    show: makeOddJsonCase,
  },
]
