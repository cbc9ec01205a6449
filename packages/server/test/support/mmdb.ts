/**
 * A tiny MMDB data set (MaxMind DB file format 2.0) that knows the countries of some IPv4 networks: an IPv6 tree of 24-bit
 * records, as published ones are.
 */
export function countryData(networks: Readonly<Record<string, string>>): Buffer {
  type Node = [Node | string | undefined, Node | string | undefined]
  const root: Node = [undefined, undefined]
  for (const [network, country] of Object.entries(networks)) {
    const [address = '', length] = network.split('/')
    const bits = [
      ...Array<0 | 1>(96).fill(0),
      ...address
        .split('.')
        .flatMap((octet) => [7, 6, 5, 4, 3, 2, 1, 0].map((at) => ((Number(octet) >> at) & 1) as 0 | 1)),
    ].slice(0, 96 + Number(length))
    let node = root
    for (const [index, bit] of bits.entries()) {
      if (index === bits.length - 1) node[bit] = country
      else {
        const next: Node[0] = node[bit]
        const child: Node = typeof next === 'object' ? next : [undefined, undefined]
        node[bit] = child
        node = child
      }
    }
  }
  const nodes: Node[] = []
  const collect = (node: Node) => {
    nodes.push(node)
    for (const child of node) if (typeof child === 'object') collect(child)
  }
  collect(root)
  const offsets = new Map<string, number>()
  let data = Buffer.alloc(0)
  for (const country of new Set(Object.values(networks))) {
    offsets.set(country, data.length)
    data = Buffer.concat([data, encode({ country: { iso_code: country } })])
  }
  const record = (child: Node[0]): Buffer => {
    const value =
      child === undefined
        ? nodes.length
        : typeof child === 'string'
          ? nodes.length + 16 + (offsets.get(child) as number)
          : nodes.indexOf(child)
    return Buffer.from([value >> 16, (value >> 8) & 255, value & 255])
  }
  const tree = Buffer.concat(nodes.flatMap(([zero, one]) => [record(zero), record(one)]))
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_800_000_000,
    database_type: 'Test-Country',
    ip_version: 6,
    node_count: nodes.length,
    record_size: 24,
  })
  return Buffer.concat([tree, Buffer.alloc(16), data, Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'), metadata])
}

/** Maps, text shorter than 29 bytes, and unsigned 32-bit integers: the types 7, 2 and 6. */
function encode(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.concat([Buffer.from([(2 << 5) | value.length]), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([Buffer.from([(6 << 5) | 4]), bytes])
  }
  const members = Object.entries(value as object)
  return Buffer.concat([
    Buffer.from([(7 << 5) | members.length]),
    ...members.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ])
}
