// A thread that writes entries of one writer, as fast as that goes: it encodes, signs and hashes them.
import { hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import * as dagCbor from '@ipld/dag-cbor'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import secp256k1 from 'secp256k1'
import type { Block } from '../src/index.ts'

/** Who writes, and to which log. */
export interface Writer {
  /** The address of the database. */
  id: string
  /** The public key, in hex. */
  key: string
  /** The hash of the identity. */
  identity: string
  privateKey: Uint8Array
}

/** What is to be written. */
export interface Round {
  /** The entries that the writer knows of, newest first: as many as are referred to. */
  known: string[]
  /** How many of these are heads. */
  heads: number
  /** The largest time of their clocks. */
  time: number
  payloads: unknown[]
}

// As in OrbitDB
const references = 16

const { id, key, identity, privateKey } = workerData as Writer

function sign (bytes: Uint8Array): string {
  const { signature } = secp256k1.ecdsaSign(hash('sha256', bytes, 'buffer'), privateKey)
  return Buffer.from(secp256k1.signatureExport(signature)).toString('hex')
}

function write (payload: unknown, known: string[], heads: number, time: number): Block {
  const unsigned = { id, payload, next: known.slice(0, heads), refs: known.slice(heads + 1, heads + references), clock: { id: key, time }, v: 2 }
  const bytes = dagCbor.encode({ ...unsigned, key, identity, sig: sign(dagCbor.encode(unsigned)) })
  const cid = CID.createV1(dagCbor.code, Digest.create(0x12, hash('sha256', bytes, 'buffer')))
  return [cid.toString(base58btc), bytes]
}

parentPort!.on('message', ({ known, heads, time, payloads }: Round) => {
  const blocks: Block[] = []
  for (const payload of payloads) {
    const block = write(payload, known, heads, ++time)
    known = [block[0], ...known.slice(0, heads + references)]
    heads = 1
    blocks.push(block)
  }
  parentPort!.postMessage(blocks)
})
