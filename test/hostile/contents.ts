import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { addEntry, append, identityBlock, nameBlock, sign, toBlock } from './logs.ts'
import type { Fields, HostileLog, NamedBlock } from './logs.ts'
import type { SigningIdentity } from '../../src/index.ts'

/*
 * What the contents of a database can be: one row each, for every way by which something can get into a log.
 */

/** Those who take part. */
export interface Writers {
  owner: SigningIdentity
  mallory: SigningIdentity
}

/** A change to an honest log. */
export interface Attack {
  name: string
  /** The code of the error; undefined where the log is taken. */
  code?: string
  /** The code where it is a state, if it is another. */
  state?: string | null
  /** The code where it is an archive, if it is another. */
  archive?: string
  /** What verifyBackup calls it, if it is another; null where it can not tell. */
  verify?: string | null
  change: (log: HostileLog, writers: Writers) => Promise<unknown>
}

/** A hash that nothing has. */
export const nowhere = 'zdpuAm6bsvLVHSTnN9vv5KDRMYtdcNPzHbfvfmXzQh2XDMKtk'

const show = (value: unknown): string => value === undefined ? 'nothing' : typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? 'bytes' : JSON.stringify(value)

const proto = (value: unknown): object => Object.defineProperty({}, '__proto__', { value, enumerable: true })

/** The owner signs an entry with another value of a field. */
function signed (field: string, values: unknown[], code = 'entry-invalid'): Attack[] {
  return values.map(value => ({
    name: `${field}: ${show(value)}, signed by the owner`,
    code,
    change: async (log, { owner }) => append(log, owner, { [field]: value })
  }))
}

/** Somebody changes what the owner did not sign. */
function unsigned (field: string, values: unknown[], code = 'entry-invalid'): Attack[] {
  return values.map(value => ({
    name: `${field}: ${show(value)}, which nobody signs`,
    code,
    change: async (log, { owner }) => append(log, owner, {}, { [field]: value })
  }))
}

/** Changes the last entry after it was signed. */
const changed = (name: string, change: (entry: Fields) => unknown, code = 'entry-invalid'): Attack => ({
  name: `an entry with ${name}`,
  code,
  change: async log => replaceHead(log, await toBlock(change(dagCbor.decode(log.entries.at(-1)!.bytes))))
})

/** Encodes the last entry in another way. */
const encoded = (name: string, encode: (bytes: Uint8Array) => Uint8Array): Attack => ({
  name: `an entry encoded with ${name}`,
  code: 'entry-invalid',
  change: async log => replaceHead(log, await nameBlock(encode(log.entries.at(-1)!.bytes)))
})

function replaceHead (log: HostileLog, block: NamedBlock): void {
  log.entries.pop()
  addEntry(log, block)
}

const clocks = [null, '1', -1, 1.5, 2 ** 53, 2n ** 60n, true, [1], {}, undefined].map((time): Attack => ({
  name: `a clock whose time is ${show(time)}, signed by the owner`,
  code: 'entry-invalid',
  change: async (log, { owner }) => append(log, owner, { clock: { id: owner.publicKey, ...(time !== undefined && { time }) } })
}))

const badLinks = [null, 'x', 1, {}, ['x'], [1], [null], [nowhere.slice(1)], [`${nowhere}1`], [`b${nowhere.slice(1)}`], undefined]

const extraKeys = ['_payload', 'hash', 'bytes', 'toString', 'constructor', 'then', 'toJSON', 'valueOf', 'x', '']

const entries: Attack[] = [
  ...signed('v', [0, 1, 3, '2', null, true, 2n ** 60n, [2], undefined]),
  ...signed('id', [null, 1, true, [], new Uint8Array(3), undefined]),
  ...signed('id', ['', 'x', `/orbitdb/${nowhere}`], 'entry-foreign'),
  ...signed('next', badLinks),
  ...signed('refs', badLinks),
  ...signed('clock', [null, 1, 'x', [], {}, { id: 'x', time: 1, x: 1 }, { id: 1, time: 1 }, { time: 1 }, undefined]),
  ...clocks,
  ...signed('payload', [undefined]),
  ...unsigned('key', [null, '', 'zz', 'ABCD', 'abc', 1, [], undefined]),
  ...unsigned('key', ['abcd', `04${'ab'.repeat(64)}`], 'signature-invalid'),
  ...unsigned('sig', [null, '', 'zz', 'ABCD', 'abc', 1, [], undefined]),
  ...unsigned('sig', ['abcd', '3000', '30060201010201ff', '00'], 'signature-invalid'),
  ...unsigned('identity', [null, '', 'x', 1, [], {}, nowhere.slice(1), undefined]),
  ...extraKeys.map(key => changed(`a field "${key}" more`, entry => ({ ...entry, [key]: entry.payload }))),
  changed('a field "__proto__" more', entry => Object.assign(proto({ x: 1 }), entry)),
  changed('content that was not signed', entry => ({ ...entry, payload: { op: 'ADD', key: null, value: 'forged' } }), 'signature-invalid'),
  changed('an older clock than was signed', entry => ({ ...entry, clock: { ...entry.clock as object, time: 1 } }), 'signature-invalid'),
  changed('fewer links than were signed', entry => ({ ...entry, next: [] }), 'signature-invalid'),
  changed('nothing but its fields in an array', entry => Object.values(entry)),
  changed('a signature in capitals', entry => ({ ...entry, sig: (entry.sig as string).toUpperCase() })),
  ...[null, 1, 'text', [], {}, true].map(value => changed(`${show(value)} instead of fields`, () => value)),
  encoded('a number in two bytes', bytes => concat([bytes.subarray(0, 3), Uint8Array.of(0x18), bytes.subarray(3)])),
  encoded('a number in nine bytes', bytes => concat([bytes.subarray(0, 3), Uint8Array.of(0x1b, 0, 0, 0, 0, 0, 0, 0), bytes.subarray(3)])),
  encoded('a number as a float', bytes => concat([bytes.subarray(0, 3), Uint8Array.of(0xfb, 0x40, 0, 0, 0, 0, 0, 0, 0), bytes.subarray(4)])),
  encoded('a tag', bytes => concat([Uint8Array.of(0xd9, 0xd9, 0xf7), bytes])),
  encoded('another order of keys', bytes => concat([bytes.subarray(0, 1), bytes.subarray(4), bytes.subarray(1, 4)])),
  encoded('a key twice', bytes => concat([Uint8Array.of(bytes[0] + 1), bytes.subarray(1, 4), bytes.subarray(1)])),
  encoded('no length of its map', bytes => concat([Uint8Array.of(0xbf), bytes.subarray(1), Uint8Array.of(0xff)])),
  encoded('its length in two bytes', bytes => concat([Uint8Array.of(0xb8, bytes[0] & 31), bytes.subarray(1)])),
  encoded('a byte more', bytes => concat([bytes, Uint8Array.of(0)])),
  encoded('itself once more', bytes => concat([bytes, bytes])),
  encoded('a byte less', bytes => bytes.subarray(0, -1)),
  encoded('nothing', () => new Uint8Array()),
  encoded('text that is not UTF-8', bytes => bytes.with(bytes.length - 1, 0xff))
]

/** A value of an event that its writer may write. */
const payload = (name: string, value: unknown, code?: string): Attack => ({
  name: `a payload that is ${name}`,
  code,
  change: async (log, { owner }) => append(log, owner, { payload: value })
})

const nest = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

const payloads: Attack[] = [
  payload('null', null),
  payload('a number', 1),
  payload('a text', 'text'),
  payload('an array', []),
  payload('empty', {}),
  payload('bytes', Uint8Array.of(1, 2, 3)),
  payload('of another operation', { op: 'constructor', key: null, value: 1 }),
  payload('an operation that is no text', { op: { toString: 1 }, key: null, value: 1 }),
  payload('a value with a key "__proto__"', { op: 'ADD', key: null, value: proto({ role: 'admin' }) }),
  payload('a value with a key "toString"', { op: 'ADD', key: null, value: { toString: 1, constructor: 2, then: 3 } }),
  payload('a key "__proto__"', { op: 'ADD', key: '__proto__', value: 1 }),
  payload('a link to a block that is nowhere', { op: 'ADD', key: null, value: CID.parse('bafyreigdmqpykrgxyaxtlafqpqhzrb7qy2rh75nldvfd4tucqmqqme5yje') }),
  payload('the largest number there is', { op: 'ADD', key: null, value: 2n ** 64n - 1n }),
  payload('nested 900 deep', { op: 'ADD', key: null, value: nest(900) }),
  payload('nested 1,100 deep', { op: 'ADD', key: null, value: nest(1100) }, 'entry-invalid'),
  payload('nested 1,800 deep', nest(1800), 'entry-invalid')
]

/** The head names an identity that somebody made up. */
const identity = (name: string, code: string, make: (writers: Writers) => unknown, by: keyof Writers = 'owner', verify?: string | null): Attack => ({
  name: `an identity ${name}`,
  code,
  verify,
  change: async (log, writers) => {
    const block = await toBlock(make(writers))
    log.identities.push(block)
    await append(log, writers[by], {}, { identity: block.hash })
  }
})

const fieldsOf = ({ id, publicKey, signatures, type }: SigningIdentity): Record<string, any> => ({ id, publicKey, signatures, type })

const identities: Attack[] = [
  identity('with a field more', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), x: 1 })),
  identity('with a field "toString"', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), toString: 1 })),
  identity('with a signature more', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), signatures: { ...owner.signatures, x: 'ab' } })),
  identity('with a signature less', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), signatures: { id: (owner.signatures as any).id } })),
  identity('without signatures', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), signatures: null })),
  identity('with signatures in capitals', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), signatures: Object.fromEntries(Object.entries(owner.signatures).map(([key, value]) => [key, String(value).toUpperCase()])) })),
  identity('with a key in capitals', 'identity-invalid', ({ owner }) => ({ ...fieldsOf(owner), publicKey: owner.publicKey.toUpperCase() })),
  ...['id', 'publicKey', 'type', 'signatures'].flatMap(field => [null, 1, '', [], undefined].map(value => identity(`whose ${field} is ${show(value)}`, 'identity-invalid', ({ owner }) => {
    const { [field]: left, ...rest } = fieldsOf(owner)
    return value === undefined ? rest : { ...rest, [field]: value }
  }))),
  identity('that is null', 'identity-invalid', () => null),
  identity('that is a list', 'identity-invalid', () => []),
  identity('of the owner with the key of another', 'access-denied', ({ owner, mallory }) => ({ ...fieldsOf(owner), publicKey: mallory.publicKey }), 'mallory'),
  identity('with the id of the owner and signatures of another', 'access-denied', ({ owner, mallory }) => ({ ...fieldsOf(mallory), id: owner.id }), 'mallory'),
  identity('with the key of the owner and signatures of another', 'access-denied', ({ owner, mallory }) => ({ ...fieldsOf(owner), signatures: mallory.signatures })),
  ...['constructor', 'toString', '__proto__', 'unknown'].map(type => identity(`of the type "${type}" with the id of the owner`, 'access-denied', ({ owner, mallory }) => ({ ...fieldsOf(mallory), id: owner.id, type }), 'mallory', null)),
  {
    name: 'an identity that is nowhere',
    code: 'identity-missing',
    change: async (log, { owner }) => append(log, owner, {}, { identity: nowhere })
  },
  {
    name: 'an identity of another than whose key signed',
    code: 'key-wrong',
    change: async (log, { owner, mallory }) => {
      log.identities.push(await identityBlock(mallory))
      await append(log, owner, {}, { identity: mallory.hash })
    }
  },
  {
    name: 'an entry of somebody else that names the owner',
    code: 'key-wrong',
    change: async (log, { owner, mallory }) => append(log, mallory, {}, { identity: owner.hash })
  },
  {
    name: 'an entry that names the manifest as its identity',
    code: 'identity-invalid',
    change: async (log, { owner }) => append(log, owner, {}, { identity: log.manifest.hash })
  },
  {
    name: 'an entry that names an entry as its identity',
    code: 'identity-invalid',
    change: async (log, { owner }) => append(log, owner, {}, { identity: log.entries[0].hash })
  },
  {
    name: 'an entry of somebody who may not write',
    code: 'access-denied',
    change: async (log, { mallory }) => {
      log.identities.push(await identityBlock(mallory))
      await append(log, mallory)
    }
  },
  {
    name: 'an old entry of somebody who may not write, which the owner built on',
    code: 'access-denied',
    change: async (log, { owner, mallory }) => {
      log.identities.push(await identityBlock(mallory))
      await append(log, mallory)
      await append(log, owner)
    }
  }
]

const links: Attack[] = [
  {
    name: 'a predecessor that is nowhere',
    code: 'block-missing',
    change: async (log, { owner }) => append(log, owner, { next: [nowhere] })
  },
  {
    name: 'a reference that is nowhere',
    code: 'block-missing',
    change: async (log, { owner }) => append(log, owner, { refs: [nowhere] })
  },
  {
    name: 'a predecessor that is the manifest',
    code: 'entry-invalid',
    change: async (log, { owner }) => append(log, owner, { next: [log.manifest.hash] })
  },
  {
    name: 'a reference that is an identity',
    code: 'entry-invalid',
    change: async (log, { owner }) => append(log, owner, { refs: [owner.hash] })
  },
  {
    name: 'a predecessor of another log',
    code: 'entry-foreign',
    change: async (log, { owner }) => {
      const other = await sign(owner, { id: `/orbitdb/${nowhere}` })
      log.entries.push(other)
      await append(log, owner, { next: [...log.heads, other.hash] })
    }
  },
  {
    name: 'the same predecessor a thousand times',
    change: async (log, { owner }) => append(log, owner, { next: Array(1000).fill(log.heads[0]) })
  },
  {
    name: 'a clock that is behind what it follows',
    change: async (log, { owner }) => append(log, owner, { clock: { id: owner.publicKey, time: 0 } })
  },
  {
    name: 'the largest clock there is',
    change: async (log, { owner }) => append(log, owner, { clock: { id: owner.publicKey, time: 2 ** 53 - 1 } })
  },
  {
    name: 'a clock of somebody else',
    change: async (log, { owner, mallory }) => append(log, owner, { clock: { id: mallory.publicKey, time: 5 } })
  }
]

/** Another manifest, and a log that is of it. */
const manifest = (name: string, code: string | undefined, change: (fields: Fields, log: HostileLog) => unknown): Attack => ({
  name: `a manifest ${name}`,
  code,
  change: async (log, writers) => rebuild(log, writers, await toBlock(change(dagCbor.decode(log.manifest.bytes), log)))
})

/** Another access list, and a log that is of it. */
const accessList = (name: string, code: string | undefined, change: (fields: any) => unknown): Attack => ({
  name: `an access list ${name}`,
  code,
  change: async (log, writers) => {
    log.access = await toBlock(change(dagCbor.decode(log.access!.bytes)))
    await rebuild(log, writers, await toBlock({ ...dagCbor.decode<object>(log.manifest.bytes), accessController: `/ipfs/${log.access.hash}` }))
  }
})

async function rebuild (log: HostileLog, { owner }: Writers, manifest: NamedBlock): Promise<void> {
  const { length } = log.entries
  Object.assign(log, { manifest, entries: [], heads: [] })
  for (let i = 0; i < length; i++) await append(log, owner)
}

/** What a database is: it can only be another database's. */
const setups: Attack[] = [
  ...['name', 'type', 'accessController'].flatMap(field => [null, 1, '', [], {}, new Uint8Array(2), undefined].map(value => manifest(`whose ${field} is ${show(value)}`, 'manifest-invalid', fields => {
    const { [field]: left, ...rest } = fields
    return value === undefined ? rest : { ...rest, [field]: value }
  }))),
  manifest('with a field more', 'manifest-invalid', fields => ({ ...fields, x: 1 })),
  manifest('with a field "toString"', 'manifest-invalid', fields => ({ ...fields, toString: 1 })),
  manifest('with a field "__proto__"', 'manifest-invalid', fields => Object.assign(proto({ x: 1 }), fields)),
  manifest('that is a list', 'manifest-invalid', () => []),
  manifest('that is null', 'manifest-invalid', () => null),
  ...['/ipfs/x', '/ipfs/', '/orbitdb/', '/orbitdb/x', `/ipfs/${nowhere}/`, `/ipfs/${nowhere}/x`, `/orbitdb/${nowhere}/x`].map(address => manifest(`whose access controller is "${address}"`, 'manifest-invalid', fields => ({ ...fields, accessController: address }))),
  manifest('whose meta links to a block that is nowhere', undefined, fields => ({ ...fields, meta: { link: CID.parse('bafyreigdmqpykrgxyaxtlafqpqhzrb7qy2rh75nldvfd4tucqmqqme5yje') } })),
  manifest('whose meta has a key "__proto__"', undefined, fields => ({ ...fields, meta: proto({ x: 1 }) })),
  manifest('whose name is of escape codes', undefined, fields => ({ ...fields, name: '\u001b[2J\u202e../../x\n' })),
  accessList('whose write is "*", a text', 'access-list-invalid', fields => ({ ...fields, write: '*' })),
  ...[null, 1, {}, [1], [null], [['*']], undefined].map(write => accessList(`whose write is ${show(write)}`, 'access-list-invalid', ({ type }) => write === undefined ? { type } : { type, write })),
  accessList('with a field more', 'access-list-invalid', fields => ({ ...fields, x: 1 })),
  accessList('of another type', 'access-list-invalid', fields => ({ ...fields, type: 'orbitdb' })),
  accessList('that is null', 'access-list-invalid', () => null),
  accessList('of nobody', 'access-denied', fields => ({ ...fields, write: [] })),
  accessList('of somebody else', 'access-denied', fields => ({ ...fields, write: ['toString', '__proto__', ''] }))
]

/** What is taken from a log, or given as its heads. */
const parts: Attack[] = [
  {
    name: 'no heads',
    code: 'head-missing',
    state: null,
    change: async log => { log.heads = [] }
  },
  {
    name: 'a head that another entry follows',
    code: 'head-wrong',
    state: null,
    change: async log => { log.heads = [log.entries[1].hash] }
  },
  {
    name: 'a head more, which another entry follows',
    code: 'head-wrong',
    state: null,
    change: async log => { log.heads.push(log.entries[0].hash) }
  },
  {
    name: 'an entry that no head leads to',
    code: 'head-missing',
    state: null,
    change: async (log, { owner }) => {
      const { heads } = log
      await append(log, owner, { next: [] })
      log.heads = heads
    }
  },
  {
    name: 'a head that is the manifest',
    code: 'entry-invalid',
    change: async log => { addEntry(log, log.manifest) }
  }
]

/** All kinds of them. */
export const contents: Record<string, Attack[]> = { entries, payloads, identities, links, setups, parts }
