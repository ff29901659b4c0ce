import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert'
import * as dagCbor from '@ipld/dag-cbor'
import * as cborg from 'cborg'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { base58btc } from 'multiformats/bases/base58'
import { sha256 } from 'multiformats/hashes/sha2'
import { decode, hashOf, isHash, isHashAt, linkAt, readAccessList, readEncrypted, readEntry, readIdentity, readManifest, scanEntry, signedBytes } from '../../src/core/blocks.ts'

const hashes = await Promise.all([1, 2, 3, 4, 5].map(i => hashOf(new Uint8Array([i]))))
const [identity, ...links] = hashes as [string, string, string, string, string]
const key = '02'.repeat(33)

const entry = {
  id: `/orbitdb/${identity}`,
  payload: { op: 'PUT', key: 'k', value: [1, -1, 1.5, 'ä', null, true, new Uint8Array([1])] } as unknown,
  next: links.slice(0, 1),
  refs: links.slice(1),
  clock: { id: key, time: 7 },
  v: 2,
  key,
  identity,
  sig: '3045'
}
const identityBlock = { id: key, publicKey: key, signatures: { id: '3045', publicKey: '3046' }, type: 'publickey' }
const manifest = { name: 'n', type: 'events', accessController: `/ipfs/${identity}` }
const accessList = { type: 'ipfs', write: [key, '*'] }

/** Sets a key as JSON.parse does: also `__proto__` is a key like any other. */
function withKey (object: object, key: string, value: unknown): object {
  return Object.defineProperty({ ...object }, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Turns Maps, by which cborg keeps a key `__proto__`, into objects. */
function toObject (value: any): any {
  if (value instanceof Map) {
    return [...value].reduce((object, [key, value]) => withKey(object, key, toObject(value)), {})
  }
  return Array.isArray(value) ? value.map(toObject) : value
}

/** The slow way to see whether bytes are canonical: decode them, encode that, and compare. */
function isCanonical (bytes: Uint8Array): boolean {
  try {
    const value = toObject(cborg.decode(bytes, { ...dagCbor.decodeOptions, useMaps: true }))
    return Buffer.compare(dagCbor.encode(value), bytes) === 0
  } catch {
    return false
  }
}

const isHashSlowly = (hash: unknown) => {
  try {
    const cid = CID.parse(hash as string, base58btc)
    return cid.version === 1 && cid.code === dagCbor.code && cid.multihash.code === sha256.code && cid.multihash.size === 32 && cid.toString(base58btc) === hash
  } catch {
    return false
  }
}

const isHex = (text: unknown) => typeof text === 'string' && /^([0-9a-f]{2})+$/.test(text)
const hasFields = (value: any, fields: string[]) => value !== null && typeof value === 'object' && Object.keys(value).sort().join() === fields.sort().join()

/** The slow way to see whether bytes are those of an entry. */
function isEntrySlowly (bytes: Uint8Array): boolean {
  if (!isCanonical(bytes)) {
    return false
  }
  const e: any = toObject(cborg.decode(bytes, { ...dagCbor.decodeOptions, useMaps: true }))
  return hasFields(e, Object.keys(entry)) && e.v === 2 && typeof e.id === 'string' && isHex(e.key) && isHex(e.sig) &&
    Array.isArray(e.next) && e.next.every(isHashSlowly) && Array.isArray(e.refs) && e.refs.every(isHashSlowly) &&
    hasFields(e.clock, ['id', 'time']) && typeof e.clock.id === 'string' && Number.isSafeInteger(e.clock.time) && e.clock.time >= 0 &&
    isHashSlowly(e.identity)
}

function isEntry (bytes: Uint8Array): boolean {
  try {
    scanEntry(bytes)
    return true
  } catch (error: any) {
    strictEqual(error.name, 'InvalidEntryError')
    strictEqual(error.code, 'entry-invalid')
    return false
  }
}

// cborg leaves a byte order mark at the beginning of a text out when it decodes, so that the slow way refuses what begins with one
const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 70000, size: 'large' })).filter(text => !text.startsWith('\ufeff'))

const values = fc.letrec(tie => ({
  value: fc.oneof({ depthSize: 'small' },
    fc.integer(), fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }), fc.double({ noNaN: true, noDefaultInfinity: true }),
    texts, fc.boolean(), fc.constant(null), fc.uint8Array(),
    fc.constant(CID.parse(identity, base58btc)),
    fc.array(tie('value')),
    fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toString', 'constructor', '', '/')), tie('value')))
      .map(pairs => pairs.reduce((object, [key, value]) => withKey(object, key, value), {})))
})).value

/** Encoded numbers, lengths and values that are not the shortest, not sorted, not definite or not allowed. */
const oddities = fc.constantFrom(
  '1800', '190001', '1a00000001', '1b0000000000000001', '1bffffffffffffffff', '3bffffffffffffffff', '3b001fffffffffffff', '1b0020000000000000',
  '780161', '580101', '9801f6', 'b8016161f6', 'a2616201616101', 'a2616101616102', 'a20101' + '0202', '9fff', 'bfff', '7f6161ff', '5f4101ff',
  'f7', 'f97e00', 'f93c00', 'fa3fc00000', 'fb3ff8000000000000', 'fb3ff0000000000000', 'fb8000000000000000', 'fb7ff0000000000000', 'fb7ff8000000000000', 'fb4340000000000000',
  '62c328', '63eda080', '61ff', 'c000', 'd82a00', 'd82a4100', 'd82a450001711200', 'd90200f6', 'f8ff', 'fc', '1c', 'e0', '00', ''
).map(hex => Buffer.from(hex, 'hex'))

/** Replaces some bytes of others. */
const splice = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])

describe('The strict reader', () => {
  it('reads entries with any payload, where their fields are and what was signed', () => {
    fc.assert(fc.property(values, fc.maxSafeNat(), (payload, time) => {
      const value = { ...entry, payload, clock: { id: key, time } }
      const bytes = dagCbor.encode(value)
      const fields = scanEntry(bytes)
      const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString()
      strictEqual(text(fields.id, fields.idEnd), value.id)
      strictEqual(text(fields.key, fields.keyEnd), value.key)
      strictEqual(text(fields.sig, fields.sigEnd), value.sig)
      strictEqual(text(fields.clockId, fields.clockIdEnd), value.clock.id)
      strictEqual(fields.time, time)
      const readLinks = (start: number, count: number) => Array.from({ length: count }, (_, i) => text(linkAt(start, i), linkAt(start, i) + 49))
      deepStrictEqual(readLinks(fields.next, fields.nextCount), value.next)
      deepStrictEqual(readLinks(fields.refs, fields.refsCount), value.refs)
      strictEqual(text(fields.identity, fields.identity + 49), identity)
      deepStrictEqual(Buffer.from(bytes.subarray(fields.payload, fields.payloadEnd)), Buffer.from(dagCbor.encode(payload)))
      const { key: _key, sig, identity: _identity, ...signed } = value
      deepStrictEqual(Buffer.from(signedBytes(bytes, fields)), Buffer.from(dagCbor.encode(signed)))
      deepStrictEqual(Buffer.from(dagCbor.encode(readEntry(bytes))), Buffer.from(bytes))
    }), { numRuns: 300 })
  })

  it('says of any bytes what decoding and encoding them says', () => {
    const bytes = dagCbor.encode(entry)
    const mutated = fc.tuple(values, fc.nat(), fc.nat(3), fc.oneof(fc.uint8Array({ maxLength: 3 }), oddities))
      .map(([payload, at, remove, insert]) => {
        const bytes = dagCbor.encode({ ...entry, payload })
        return splice(bytes, at % (bytes.length + 1), remove, insert)
      })
    let refused = 0
    fc.assert(fc.property(mutated, bytes => {
      const expected = isEntrySlowly(bytes)
      strictEqual(isEntry(bytes), expected)
      refused += expected ? 0 : 1
    }), { numRuns: 2000 })
    ok(refused > 0)
    // Each bit of an entry
    for (let i = 0; i < bytes.length * 8; i++) {
      const changed = bytes.slice()
      changed[i >> 3]! ^= 1 << (i & 7)
      strictEqual(isEntry(changed), isEntrySlowly(changed), `bit ${i}`)
    }
    // Each of its ends
    for (let i = 0; i < bytes.length; i++) {
      strictEqual(isEntry(bytes.subarray(0, i)), false)
    }
  })

  it('says of odd payloads what decoding and encoding them says', () => {
    const empty = dagCbor.encode({ ...entry, payload: 0 })
    const { payload, payloadEnd } = scanEntry(empty)
    fc.assert(fc.property(fc.oneof(oddities, fc.uint8Array({ maxLength: 12 })), odd => {
      const bytes = splice(empty, payload, payloadEnd - payload, odd)
      strictEqual(isEntry(bytes), isEntrySlowly(bytes), Buffer.from(odd).toString('hex'))
    }), { numRuns: 3000 })
  })

  it('refuses fields that are not those of an entry', () => {
    const invalid: Record<string, object> = {
      'a field more': { ...entry, _payload: 1 },
      'a key toString': { ...entry, toString: 1 },
      'a key __proto__': withKey(entry, '__proto__', {}),
      'the hash': { ...entry, hash: identity },
      'a clock with more': { ...entry, clock: { ...entry.clock, x: 1 } },
      ...Object.fromEntries([null, '7', -1, 1.5, 2 ** 53, 2n ** 63n, [], true].map(time => [`time ${time}`, { ...entry, clock: { id: key, time } }])),
      ...Object.fromEntries([1, 3, '2', null].map(v => [`v ${v}`, { ...entry, v }])),
      ...Object.fromEntries([null, key, {}, [1], [identity.slice(1)], [identity.replace('z', 'Z')], [`${identity} `]].map((next, i) => [`next ${i}`, { ...entry, next }])),
      ...Object.fromEntries(['', 'AB', '0x00', '123', 1, null].map(sig => [`sig ${sig}`, { ...entry, sig }])),
      ...Object.fromEntries(Object.keys(entry).map(key => [`no ${key}`, { ...entry, [key]: undefined }])
        .map(([name, value]) => [name, Object.fromEntries(Object.entries(value!).filter(([, value]) => value !== undefined))]))
    }
    for (const [name, value] of Object.entries(invalid)) {
      throws(() => readEntry(dagCbor.encode(value), identity), { name: 'InvalidEntryError', code: 'entry-invalid', hash: identity }, name)
    }
    readEntry(dagCbor.encode({ ...entry, clock: { id: key, time: 2 ** 53 - 1 } }))
    readEntry(dagCbor.encode({ ...entry, payload: null, next: [], refs: [] }))
  })

  it('refuses what is nested too deeply to be read', () => {
    const nested = (depth: number) => Array.from({ length: depth }).reduce<unknown>(value => [value], 0)
    readEntry(dagCbor.encode({ ...entry, payload: nested(1000) }))
    throws(() => readEntry(dagCbor.encode({ ...entry, payload: nested(1001) })), { code: 'entry-invalid' })
    const { payload, payloadEnd } = scanEntry(dagCbor.encode({ ...entry, payload: 0 }))
    const deep = splice(dagCbor.encode({ ...entry, payload: 0 }), payload, payloadEnd - payload, Buffer.alloc(2 ** 20, 0x81))
    throws(() => readEntry(deep), { code: 'entry-invalid' })
  })

  it('decodes every key as an own one', () => {
    fc.assert(fc.property(values, value => {
      const bytes = dagCbor.encode(value)
      deepStrictEqual(decode(bytes), toObject(cborg.decode(bytes, { ...dagCbor.decodeOptions, useMaps: true })))
    }), { numRuns: 500 })
    const value = JSON.parse('{ "__proto__": { "role": "admin" }, "a": [{ "__proto__": 1 }] }')
    const decoded = decode(dagCbor.encode(value))
    deepStrictEqual(decoded, value)
    strictEqual(decoded.role, undefined)
    strictEqual(Object.getPrototypeOf(decoded), Object.prototype)
  })

  it('knows hashes', () => {
    const candidates = fc.oneof(
      fc.string(), fc.constantFrom(...hashes),
      fc.tuple(fc.constantFrom(...hashes), fc.nat(48), fc.string({ maxLength: 1 })).map(([hash, at, character]) => hash.slice(0, at) + character + hash.slice(at + 1)),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => CID.createV1(0x71, { code: 0x12, size: 32, digest, bytes: Buffer.concat([Buffer.from([0x12, 32]), digest]) }).toString(base58btc)),
      fc.uint8Array({ minLength: 36, maxLength: 36 }).map(bytes => base58btc.encode(bytes)))
    fc.assert(fc.property(candidates, hash => {
      strictEqual(isHash(hash), isHashSlowly(hash))
      strictEqual(isHashAt(Buffer.from(`x${hash}`), 1) && Buffer.from(hash).length === 49, isHashSlowly(hash))
    }), { numRuns: 3000 })
    strictEqual(isHash(undefined), false)
  })

  it('reads what is encrypted, in its shortest form', () => {
    deepStrictEqual(readEncrypted(dagCbor.encode(new Uint8Array([1, 2]))), new Uint8Array([1, 2]))
    for (const hex of ['580101', '4101' + '00', '42' + '01', '6161', '5f4101ff', '']) {
      throws(() => readEncrypted(Buffer.from(hex, 'hex'), identity), { name: 'InvalidEntryError', code: 'entry-invalid', hash: identity }, hex)
    }
  })

  it('reads identities, whose signatures are those of their provider', () => {
    deepStrictEqual(readIdentity(dagCbor.encode(identityBlock)), identityBlock)
    const other = { ...identityBlock, type: 'other', signatures: { id: { any: 1 }, publicKey: new Uint8Array([1]) } }
    deepStrictEqual(readIdentity(dagCbor.encode(other)), other)
    for (const value of [
      null, [], { ...identityBlock, x: 1 }, { ...identityBlock, id: '' }, { ...identityBlock, id: 1 }, { ...identityBlock, publicKey: 'XY' },
      { ...identityBlock, signatures: { ...identityBlock.signatures, x: 1 } }, { ...identityBlock, signatures: { id: '3045' } },
      { ...identityBlock, signatures: { id: 1, publicKey: 2 } }, { ...other, signatures: { id: null, publicKey: 2 } }, { ...identityBlock, type: '' },
      withKey(identityBlock, '__proto__', {})
    ]) {
      throws(() => readIdentity(dagCbor.encode(value), identity), { name: 'InvalidEntryError', code: 'identity-invalid', hash: identity })
    }
    throws(() => readIdentity(Buffer.concat([dagCbor.encode(identityBlock), Buffer.from([0])])), { code: 'identity-invalid' })
  })

  it('reads manifests, with any meta', () => {
    deepStrictEqual(readManifest(dagCbor.encode(manifest)), manifest)
    deepStrictEqual(readManifest(dagCbor.encode({ ...manifest, meta: { a: [1] } })), { ...manifest, meta: { a: [1] } })
    for (const value of [null, {}, { ...manifest, x: 1 }, { ...manifest, name: 1 }, { ...manifest, name: '' }, { ...manifest, type: null }, { ...manifest, accessController: {} }]) {
      throws(() => readManifest(dagCbor.encode(value), identity), { name: 'InvalidStateError', code: 'manifest-invalid', hash: identity })
    }
    throws(() => readManifest(Buffer.from('a1', 'hex')), { code: 'manifest-invalid' })
  })

  it('reads access lists', () => {
    deepStrictEqual(readAccessList(dagCbor.encode(accessList)), accessList)
    for (const value of ['*', { ...accessList, write: '*' }, { ...accessList, write: [1] }, { ...accessList, x: 1 }, { ...accessList, type: 'orbitdb' }, { write: [] }]) {
      throws(() => readAccessList(dagCbor.encode(value), identity), { name: 'InvalidStateError', code: 'access-list-invalid', hash: identity })
    }
  })
})
