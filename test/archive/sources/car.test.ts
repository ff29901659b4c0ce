import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { encode } from '@ipld/dag-cbor'
import { varint } from 'multiformats'
import { CID } from 'multiformats/cid'
import { sha256, sha512 } from 'multiformats/hashes/sha2'
import { concat } from 'uint8arrays/concat'
import { readCar, writeCar } from '../../helpers/archives.ts'
import { createBlock, toHash } from '../../helpers/forgery.ts'
import { hashOfDigest } from '../../../src/archive/errors.ts'
import { defaultLimits } from '../../../src/archive/limits.ts'
import { encodeBlocks, encodeHeader } from '../../../src/archive/sinks/car.ts'
import { toChunks } from '../../../src/archive/sources/bytes.ts'
import { openCar } from '../../../src/archive/sources/car.ts'
import type { CarBlock } from '../../helpers/archives.ts'
import type { Source, SourceBlock } from '../../../src/archive/sources/source.ts'

/** Encodes a length as CAR files have it. */
const encodeLength = (length: number): Uint8Array => varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))

/** A part of a CAR file: bytes with their length before them. */
const encodeSection = (...parts: Uint8Array[]): Uint8Array => {
  const bytes = concat(parts)
  return concat([encodeLength(bytes.length), bytes])
}

const open = (source: AsyncIterable<Uint8Array>): Promise<Source> => openCar(toChunks(source), defaultLimits)

/** The hashes of blocks, as OrbitDB has them. */
const hashesOf = (blocks: SourceBlock[]): string[] => blocks.map(({ digest }) => hashOfDigest(digest!))

const createBlocks = (count: number): Promise<CarBlock[]> => Promise.all(Array.from({ length: count }, (_, i) => createBlock({ i, bytes: randomBytes(i % 700) })))

describe('A CAR file', () => {
  let blocks: CarBlock[]
  let bytes: Uint8Array
  let header: Uint8Array

  before(async () => {
    blocks = await createBlocks(2500)
    bytes = await writeCar([blocks[0].cid], blocks)
    header = await writeCar([blocks[0].cid], [])
  })

  /** A source that tells how much of it was read, and whether it was closed. */
  const createSource = (chunks: Iterable<Uint8Array>) => {
    const source = {
      bytesRead: 0,
      isClosed: false,
      async * [Symbol.asyncIterator] () {
        try {
          for (const chunk of chunks) {
            source.bytesRead += chunk.length
            yield chunk
          }
        } finally {
          source.isClosed = true
        }
      }
    }
    return source
  }

  const chunksOf = function * (bytes: Uint8Array, length: number): Generator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += length) {
      yield bytes.subarray(i, i + length)
    }
  }

  /** Reads all of an archive until it ends or fails. */
  const readAll = async (chunks: Iterable<Uint8Array>) => {
    const source = createSource(chunks)
    const batches: SourceBlock[][] = []
    let error: any
    try {
      for await (const batch of (await open(source)).blocks!()) batches.push(batch)
    } catch (thrown) {
      error = thrown
    }
    ok(source.isClosed)
    return { batches, blocks: batches.flat(), error, bytesRead: source.bytesRead }
  }

  /** Starts with these bytes, and has 1 GiB. */
  const endless = function * (...start: Uint8Array[]): Generator<Uint8Array> {
    yield concat(start)
    const chunk = new Uint8Array(2 ** 20)
    for (let i = 0; i < 1024; i++) yield chunk
  }

  it('is written as @ipld/car writes it', () => {
    const toWrite = blocks.slice(0, 1000).map(({ cid, bytes }) => ({ digest: cid.multihash.digest, bytes }))
    const written = concat([encodeHeader([blocks[0].cid.multihash.digest]), encodeBlocks(toWrite, 'dag-cbor'), encodeBlocks([], 'raw')])
    deepStrictEqual(written, bytes.subarray(0, written.length))
    strictEqual(encodeBlocks([], 'raw').length, 0)
  })

  for (const length of [1, 7, 1000, 2 ** 16, Infinity]) {
    it(`is read in chunks of ${length} bytes`, async () => {
      const { roots } = await readCar(bytes)
      const source = await open(createSource(chunksOf(bytes, length)))
      deepStrictEqual(source.headers, [roots.map(({ multihash }) => Uint8Array.from(multihash.digest))])
      await source.close()
      const { blocks: read, batches, error } = await readAll(chunksOf(bytes, length))
      strictEqual(error, undefined)
      deepStrictEqual(hashesOf(read), blocks.map(({ cid }) => toHash(cid)))
      let offset = header.length
      for (const [i, { bytes: blockBytes, offset: start, length, isIntact }] of read.entries()) {
        ok(Buffer.compare(blockBytes, blocks[i].bytes) === 0 && isIntact)
        strictEqual(start, offset)
        deepStrictEqual(bytes.subarray(offset, offset + length), encodeSection(blocks[i].cid.bytes, blockBytes))
        offset += length
      }
      strictEqual(offset, bytes.length)
      ok(batches.every(({ length }) => length > 0 && length <= 1000))
    })
  }

  it('is read with empty chunks in it', async () => {
    const none = new Uint8Array()
    const { blocks: read } = await readAll([none, bytes.subarray(0, 5), none, none, bytes.subarray(5), none])
    strictEqual(read.length, blocks.length)
  })

  it('is read as it comes: the blocks of a chunk do not wait for the next one', async () => {
    const two = concat([header, ...blocks.slice(0, 2).map(({ cid, bytes }) => encodeSection(cid.bytes, bytes))])
    const source = createSource([two, ...blocks.slice(2, 10).map(({ cid, bytes }) => encodeSection(cid.bytes, bytes))])
    const { value: batch } = await (await open(source)).blocks!()[Symbol.asyncIterator]().next()
    deepStrictEqual(hashesOf(batch), blocks.slice(0, 2).map(({ cid }) => toHash(cid)))
    strictEqual(source.bytesRead, two.length)
  })

  it('is read with blocks of other kinds, which no archive has', async () => {
    const text = new TextEncoder().encode('block')
    const digest = await sha256.digest(text)
    const cids = [CID.createV0(digest as any), CID.createV1(0x55, digest), CID.createV1(0x300539, digest), CID.createV1(0x71, await sha512.digest(text))]
    const { blocks: read } = await readAll([await writeCar([blocks[0].cid], cids.map(cid => ({ cid, bytes: text })))])
    deepStrictEqual(read.map(({ bytes }) => Uint8Array.from(bytes)), cids.map(() => text))
    deepStrictEqual(read.map(({ digest }) => digest == null ? undefined : Uint8Array.from(digest)), [undefined, Uint8Array.from(digest.digest), undefined, undefined])
    deepStrictEqual(read.map(({ isIntact }) => isIntact), [false, true, false, false])
  })

  it('has blocks that are not intact', async () => {
    const { blocks: read } = await readAll([await writeCar([blocks[0].cid], [blocks[0], { ...blocks[1], bytes: blocks[2].bytes }, { ...blocks[1], bytes: new Uint8Array() }])])
    deepStrictEqual(read.map(({ isIntact }) => isIntact), [true, false, false])
  })

  describe('that is damaged', () => {
    const cid = CID.parse('bafyreig3lwycu75fq7pdeim5kwfygrofh6yojp6vpitwamwshl7b36wzry').bytes
    const damages: Record<string, Uint8Array> = {
      'where a block has no length': Uint8Array.from([0]),
      'where a length does not end': new Uint8Array(9).fill(255),
      'where a length is more than any block has': encodeLength(defaultLimits.blockBytes + 37),
      'where a length is more than a number can tell': Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 127]),
      'where a block has no CID': encodeSection(Uint8Array.from([1])),
      'where a CID is of another version': encodeSection(cid.with(0, 2)),
      'where a CID is cut off': encodeSection(cid.subarray(0, -1)),
      'where a digest is longer than the block': encodeSection(Uint8Array.from([0x01, 0x71, 0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]), new Uint8Array(100)),
      'where a CID has no end': encodeSection(new Uint8Array(100).fill(255))
    }
    for (const [name, damage] of Object.entries(damages)) {
      it(`${name} is read until there, and the error says where that is`, async () => {
        const before = bytes.subarray(0, header.length + encodeSection(blocks[0].cid.bytes, blocks[0].bytes).length)
        for (const length of [1, 50, Infinity]) {
          const { blocks: read, error } = await readAll(chunksOf(concat([before, damage, bytes]), length))
          deepStrictEqual([error?.name, error?.offset], ['DamagedArchiveError', before.length])
          deepStrictEqual(hashesOf(read), [toHash(blocks[0].cid)])
        }
        const { error, bytesRead } = await readAll(endless(before, damage))
        strictEqual(error.name, 'DamagedArchiveError')
        ok(bytesRead < 3 * 2 ** 20, `${bytesRead} bytes were read`)
      })
    }

    it('is read until there when that is after many blocks, in one chunk', async () => {
      const { blocks: read, error } = await readAll([concat([bytes, Uint8Array.from([0])])])
      deepStrictEqual([read.length, error.offset], [blocks.length, bytes.length])
    })
  })

  describe('is no archive', () => {
    const assertRefuses = async (chunks: Iterable<Uint8Array>, name: string): Promise<void> => {
      const source = createSource(chunks)
      await rejects(open(source), { name })
      ok(source.isClosed)
      ok(source.bytesRead < 3 * 2 ** 20, `${source.bytesRead} bytes were read`)
    }

    it('when it has no bytes', async () => {
      await assertRefuses([], 'EmptyArchiveError')
      await assertRefuses([new Uint8Array(), new Uint8Array()], 'EmptyArchiveError')
    })

    it('when it starts with no header, or one of more than 1 MiB, which is not read', async () => {
      const isMap = Uint8Array.from([0xa2])
      for (const start of [new Uint8Array([0]), new Uint8Array(9).fill(255), encodeLength(2 ** 20), concat([encodeLength(2 ** 20 + 1), isMap]), concat([encodeLength(2 ** 40), isMap])]) {
        await assertRefuses(endless(start), 'NotAnArchiveError')
      }
    })

    it('when its header is not that of a CAR file of version 1', async () => {
      const roots = [blocks[0].cid]
      for (const value of [{}, { version: 1 }, { roots }, { version: 3, roots }, { version: '1', roots }, { version: 1, roots: roots[0] }, { version: 1, roots: ['text'] }]) {
        await assertRefuses([encodeSection(encode(value)), bytes], 'NotAnArchiveError')
      }
      await assertRefuses([encodeSection(encode({ version: 1, roots }).fill(0xff, 5))], 'NotAnArchiveError')
    })

    it('when it has a root that is no DAG-CBOR', async () => {
      const raw = CID.createV1(0x55, blocks[0].cid.multihash)
      for (const roots of [[raw], [blocks[0].cid, raw]]) {
        await assertRefuses([await writeCar(roots, blocks.slice(0, 1))], 'ForeignArchiveError')
      }
    })

    it('when it is compressed', async () => {
      const bytes = await writeCar([blocks[0].cid], blocks)
      for (const compressed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
        await rejects(open(createSource([compressed])), { name: 'NotAnArchiveError', message: /decompress/ })
      }
    })
  })

  it('says after how many bytes it ends, when that is in the middle of a block', async () => {
    for (const [end, count] of [[header.length + 1, 0], [bytes.length - 1, blocks.length - 1]]) {
      for (const length of [1000, Infinity]) {
        const { blocks: read, error } = await readAll(chunksOf(bytes.subarray(0, end), length))
        strictEqual(error.name, 'TruncatedArchiveError')
        ok(error.message.includes(` ${end} bytes`))
        strictEqual(read.length, count)
      }
    }
  })

  it('says after how many bytes it ends, when that is in the header or in a length', async () => {
    for (const start of [header.subarray(0, 1), header.subarray(0, -1), Uint8Array.from([0x80]), concat([header, Uint8Array.from([0x80, 0x80])])]) {
      const { error } = await readAll([start])
      strictEqual(error.name, 'TruncatedArchiveError')
      ok(error.message.includes(` ${start.length} bytes`))
    }
  })

  it('fails as its source does, after the blocks that came before', async () => {
    const failing = function * (): Generator<Uint8Array> {
      yield bytes.subarray(0, 10_000)
      throw new Error('the disk is gone')
    }
    const { blocks: read, error } = await readAll(failing())
    strictEqual(error.message, 'the disk is gone')
    ok(read.length > 10)
  })

  it('closes its source when reading ends early', async () => {
    const source = createSource(chunksOf(bytes, 1000))
    const iterator = (await open(source)).blocks!()[Symbol.asyncIterator]()
    await iterator.next()
    strictEqual(source.isClosed, false)
    await iterator.return!()
    strictEqual(source.isClosed, true)
  })
})
