import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { nowhere } from './contents.ts'
import { digestOf } from './logs.ts'
import { readCar, writeCar } from '../helpers/archives.ts'
import { createBlock, forge, toCID, toHash } from '../helpers/forgery.ts'
import type { CarBlock } from '../helpers/archives.ts'
import type { Parts } from '../helpers/forgery.ts'

/** A change to the file of an archive. */
export interface FileAttack {
  name: string
  /** The code of the error; undefined where it is restored. */
  code?: string
  /** What verifyBackup calls it, if it is another. */
  verify?: string
  change: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array
}

const forged = (name: string, code: string | undefined, change: (parts: Parts) => unknown): FileAttack => ({ name, code, change: bytes => forge(bytes, change) })

const show = (value: unknown): string => value === undefined ? 'nothing' : value instanceof Uint8Array ? 'bytes' : CID.asCID(value) != null ? 'a link' : JSON.stringify(value)

const link = toCID(nowhere)

/** Changes each node of a list. */
const node = (name: string, change: (node: any[]) => unknown, lists = ['shared', 'heads', 'identities', 'entries']): FileAttack[] => lists.map(list =>
  forged(`the list of ${list} with ${name}`, 'dag-invalid', parts => { parts.changeNode = node => { if (node[0] === list) change(node) } }))

const fields = (where: 'root' | 'snapshot', field: string, values: unknown[], code: string): FileAttack[] => values.map(value =>
  forged(`a ${where} whose ${field} is ${show(value)}`, code, parts => { parts[where][field] = value; if (value === undefined) delete parts[where][field] }))

const blocks = (name: string, code: string | undefined, change: (blocks: CarBlock[]) => CarBlock[] | Promise<CarBlock[]>): FileAttack => ({
  name,
  code,
  change: async bytes => {
    const car = await readCar(bytes)
    return writeCar(car.roots, await change(car.blocks))
  }
})

const varint = (value: number): Uint8Array => {
  const bytes = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 | 128)
  return Uint8Array.from([...bytes, value])
}

const header = (value: unknown): Uint8Array => {
  const bytes = dagCbor.encode(value)
  return concat([varint(bytes.length), bytes])
}

/** Changes the header, of which the length is one byte. */
const withHeader = (name: string, code: string, change: (header: { roots: CID[], version: number }) => unknown): FileAttack => ({
  name: `a header ${name}`,
  code,
  change: bytes => concat([header(change(dagCbor.decode(bytes.subarray(1, 1 + bytes[0])))), bytes.subarray(1 + bytes[0])])
})

// What an archive of one database begins with
const parts = ['root', 'snapshot', 'list of what is shared', 'list of heads', 'list of identities', 'list of entries']
const setup = ['first shared block', 'second shared block', 'third shared block', 'first entry']

export const files: FileAttack[] = [
  forged('nothing that is changed', undefined, () => {}),
  ...fields('root', 'format', ['x', '', null, 1, undefined], 'archive-foreign'),
  ...fields('root', 'version', [0, 2, -1, '1', null, 1.5], 'archive-version'),
  ...fields('root', 'databases', [[], null, 1, {}, [1], ['x'], [null], [digestOf(nowhere)]], 'dag-invalid'),
  ...fields('root', 'databases', [[link]], 'archive-truncated'),
  ...fields('root', 'access', [[], null, 1, {}, [1]], 'dag-invalid'),
  ...fields('root', 'shared', [null, 1, {}, [], { count: 1 }, { root: link }, { root: link, count: 0 }, { root: link, count: -1 }, { root: link, count: 1.5 }, { root: 1, count: 1 }], 'dag-invalid'),
  ...fields('root', 'x', [1], 'dag-invalid'),
  ...fields('root', 'toString', [1], 'dag-invalid'),
  ...fields('snapshot', 'address', [null, 1, new Uint8Array(3)], 'dag-invalid'),
  ...fields('snapshot', 'address', ['', 'x', `/orbitdb/${nowhere}/`, '/orbitdb/', `/ipfs/${nowhere}`], 'dag-invalid'),
  ...fields('snapshot', 'address', [`/orbitdb/${nowhere}`], 'dag-invalid'),
  ...fields('snapshot', 'accessController', [null, 1, {}, { block: 1 }, { block: new Uint8Array(31) }, { state: 'x' }, { database: 1 }, { x: 1 }, { block: digestOf(nowhere), state: digestOf(nowhere) }], 'dag-invalid'),
  ...fields('snapshot', 'accessController', [{ block: digestOf(nowhere) }, { state: digestOf(nowhere) }, { database: `/orbitdb/${nowhere}` }, { database: 'x' }], 'dag-invalid'),
  ...fields('snapshot', 'unread', [false, 1, null], 'dag-invalid'),
  ...fields('snapshot', 'name', ['x'], 'dag-invalid'),
  ...fields('snapshot', 'type', ['events'], 'dag-invalid'),
  ...node('another name', node => { node[0] = 'x' }),
  ...node('the name of another list', node => { node[0] = node[0] === 'heads' ? 'entries' : 'heads' }),
  ...node('another address', node => { node[1] = `/orbitdb/${nowhere}` }),
  ...node('an address that is a number', node => { node[1] = 1 }),
  ...node('a level that is too high', node => { node[2] = 1 }),
  ...node('a level beyond all', node => { node[2] = 2 ** 40 }),
  ...node('a level below 0', node => { node[2] = -1 }),
  ...node('counts in a leaf', node => { node[3] = [1] }),
  ...node('no times', node => { node[4] = [] }),
  ...node('a time that is negative', node => { node[4][0] = -1 }),
  ...node('a time that is too large', node => { node[4][0] = 2n ** 63n }),
  ...node('times that add up to too much', node => { node[4] = node[4].map(() => Number.MAX_SAFE_INTEGER) }, ['entries', 'shared']),
  ...node('a time more', node => { node[4].push(0) }),
  ...node('no items', node => { node[5] = [] }),
  ...node('nothing in it', node => { node[4] = []; node[5] = [] }),
  ...node('an item twice', node => { node[4].push(0); node[5].push(node[5].at(-1)) }),
  ...node('an item that is text', node => { node[5][0] = 'x' }),
  ...node('an item that is null', node => { node[5][0] = null }),
  ...node('a digest that is too short', node => { node[5][0] = new Uint8Array(31) }),
  ...node('its items in another order', node => { node[5].reverse() }, ['shared']),
  ...node('a field more', node => { node.push(1) }),
  ...node('a field less', node => { node.pop() }),
  ...node('a link of another codec', node => { node[5][0] = CID.createV1(0x70, link.multihash) }),
  ...(['heads', 'identities', 'entries'] as const).flatMap(list => [
    forged(`a snapshot that claims an item more in ${list}`, 'dag-invalid', parts => { parts.lists = { [list]: { count: parts[list].length + 1 } } }),
    forged(`a snapshot that claims an item less in ${list}`, 'dag-invalid', parts => { parts.lists = { [list]: { count: Math.max(parts[list].length - 1, 0) } } }),
    forged(`a snapshot that claims 2^50 items in ${list}`, 'limit-exceeded', parts => { parts.lists = { [list]: { count: 2 ** 50 } } }),
    forged(`a snapshot whose list of ${list} is nowhere`, 'archive-truncated', parts => { parts.lists = { [list]: { root: link } } })
  ]),
  forged('an entry that is shared as well', 'dag-invalid', parts => { parts.shared = [parts.manifest, parts.access!, ...parts.identities, parts.entries[0]] }),
  forged('a manifest that is not shared', 'dag-invalid', parts => { parts.shared = [parts.access!, ...parts.identities] }),
  forged('an access list that is not shared', 'dag-invalid', parts => { parts.shared = [parts.manifest, ...parts.identities] }),
  forged('identities that are not shared', 'dag-invalid', parts => { parts.shared = [parts.manifest, parts.access!] }),
  forged('a shared block that is nowhere', 'archive-truncated', parts => { parts.shared = [parts.manifest, parts.access!, ...parts.identities, link] }),
  forged('an entry that is nowhere', 'archive-truncated', parts => { parts.entries = [...parts.entries, link] }),
  forged('a head that is not an entry', 'block-missing', parts => { parts.heads = [...parts.heads, link] }),
  blocks('no blocks', 'archive-truncated', () => []),
  blocks('only its root', 'archive-truncated', ([root]) => [root]),
  ...[...parts, ...setup].flatMap((name, i) => [
    blocks(`no ${name}`, 'archive-truncated', blocks => blocks.toSpliced(i, 1)),
    blocks(`a bit flipped in its ${name}`, 'block-damaged', blocks => blocks.with(i, { ...blocks[i], bytes: blocks[i].bytes.with(9, blocks[i].bytes[9] ^ 1) }))
  ]),
  blocks('no last block', 'archive-truncated', blocks => blocks.slice(0, -1)),
  blocks('blocks doubled', undefined, blocks => [...blocks, ...blocks]),
  blocks('blocks in reverse order', undefined, blocks => blocks.toReversed()),
  blocks('blocks of others before its root', undefined, async blocks => [await createBlock('x'), await createBlock({ format: 'orbitdb-backup' }), ...blocks]),
  blocks('blocks of others behind', undefined, async blocks => [...blocks, await createBlock('x')]),
  blocks('the root of another first', undefined, async blocks => [await createBlock({ format: 'orbitdb-backup', version: 2 }), ...blocks]),
  blocks('damaged copies before the intact ones', undefined, blocks => [...blocks.map(({ cid, bytes }) => ({ cid, bytes: bytes.with(0, bytes[0] ^ 1) })), ...blocks]),
  blocks('damaged copies behind the intact ones', undefined, blocks => [...blocks, ...blocks.map(({ cid, bytes }) => ({ cid, bytes: bytes.with(0, bytes[0] ^ 1) }))]),
  blocks('a bit flipped in its last block', 'block-damaged', blocks => blocks.with(-1, { ...blocks.at(-1)!, bytes: blocks.at(-1)!.bytes.with(9, blocks.at(-1)!.bytes[9] ^ 1) })),
  blocks('the bytes of two blocks swapped', 'block-damaged', blocks => [...blocks.slice(0, -2), { cid: blocks.at(-1)!.cid, bytes: blocks.at(-2)!.bytes }, { cid: blocks.at(-2)!.cid, bytes: blocks.at(-1)!.bytes }]),
  blocks('an empty block', 'block-damaged', blocks => blocks.with(-1, { ...blocks.at(-1)!, bytes: new Uint8Array() })),
  { name: 'a root that is an entry', code: 'archive-foreign', change: async bytes => { const { blocks } = await readCar(bytes); return writeCar([toCID(toHash(blocks.at(-1)!.cid))], blocks) } },
  withHeader('of version 2', 'not-an-archive', header => ({ ...header, version: 2 })),
  withHeader('of version 0', 'not-an-archive', header => ({ ...header, version: 0 })),
  withHeader('without version', 'not-an-archive', ({ roots }) => ({ roots })),
  withHeader('without roots', 'not-an-archive', () => ({ version: 1 })),
  withHeader('with no roots', 'root-required', header => ({ ...header, roots: [] })),
  withHeader('whose roots are no list', 'not-an-archive', header => ({ ...header, roots: {} })),
  withHeader('whose root is a number', 'not-an-archive', header => ({ ...header, roots: [1] })),
  withHeader('whose root is null', 'not-an-archive', header => ({ ...header, roots: [null] })),
  withHeader('whose root is nowhere', 'archive-truncated', header => ({ ...header, roots: [link] })),
  withHeader('that is null', 'not-an-archive', () => null),
  withHeader('that is a list', 'not-an-archive', () => []),
  withHeader('with a field more', 'not-an-archive', header => ({ ...header, x: 1 })),
  ...[[], [0], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x1f, 0x8b, 8], [1, 0xa0]].map((start): FileAttack => ({
    name: `a file that begins with [${start}] and nothing else`,
    code: start.length === 0 ? 'archive-empty' : 'not-an-archive',
    change: () => Uint8Array.from(start)
  })),
  ...[[0xff], [10], [58, 0xa2]].map((start): FileAttack => ({ name: `a file that begins with [${start}] and ends there`, code: 'archive-truncated', change: () => Uint8Array.from(start) })),
  ...[2 ** 30, 2 ** 40].map((length): FileAttack => ({
    name: `a file with a block of ${length} bytes`,
    code: 'archive-damaged',
    change: bytes => concat([bytes.subarray(0, 1 + bytes[0]), varint(length), Uint8Array.of(1, 0x55, 0x12, 0x20), bytes])
  })),
  { name: 'a file with a block that is shorter than its CID', code: 'archive-damaged', change: bytes => concat([bytes.subarray(0, 1 + bytes[0]), varint(3), bytes.subarray(1 + bytes[0])]) },
  { name: 'a file with zeros behind', code: 'archive-damaged', change: bytes => concat([bytes, new Uint8Array(1000)]) },
  { name: 'a file with something else behind', code: 'archive-damaged', change: bytes => concat([bytes, Uint8Array.of(5, 1, 2, 3, 4, 5)]) }
]
