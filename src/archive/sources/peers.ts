import { CID } from 'multiformats/cid'
import { base58btc } from 'multiformats/bases/base58'
import { iterateUntilAborted, untilAborted } from '../abort.ts'
import { check } from './car.ts'
import { hashOfDigest, SourceFailedError } from '../errors.ts'
import { toRootDigest } from '../roots.ts'
import { createBlocks } from '../../blocks/index.ts'
import { cidOf } from '../../blocks/cids.ts'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import type { SourceOptions } from './index.ts'
import type { Source, SourceBlock } from './source.ts'
import type { RootLike } from '../roots.ts'
import type { BlockCID } from '../../core/index.ts'

/** How many blocks are asked for at once. */
const concurrency = 100

/** How long the network may give nothing, in ms, where nothing else is asked for. */
const defaultTimeout = 60_000

/**
 * Opens what a root links to as a source: blocks of the node, and those that it does not have from its peers and
 * gateways, if these are to be asked.
 */
export async function openPeers (root: RootLike, { ipfs, limits, signal, offline = false, timeout = defaultTimeout, maxBytes = Infinity }: SourceOptions): Promise<Source> {
  const digest = toRootDigest(root)
  if (ipfs == null) {
    throw new TypeError('Could not read the archive: its blocks can be got by a CID only with a node')
  }
  const node = await createBlocks(ipfs)
  let bytesLeft = maxBytes
  let lastBlock = 0

  const isRoot = (other: Uint8Array): boolean => equals(other, digest)

  /** Gets a block from peers or gateways: undefined when none of them gave it in time. */
  const fetch = async (digest: Uint8Array, isRoot: boolean, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> => {
    // Of databases all know the blocks by their multihashes, whatever the codec is that they are asked for by
    const cid = CID.decode(cidOf(digest, 0, isRoot ? 'dag-cbor' : 'raw'))
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of iterateUntilAborted(ipfs.blockstore.get(cid as BlockCID, { signal }) as AsyncIterable<Uint8Array>, signal)) {
      chunks.push(chunk)
      length += chunk.length
      if (length > limits.blockBytes) {
        throw new SourceFailedError(`Block "${cid.toString(base58btc)}" is larger than limits.blockBytes allows`)
      }
    }
    lastBlock = Date.now()
    bytesLeft -= length
    if (bytesLeft < 0) {
      throw new SourceFailedError(`More than ${maxBytes} bytes were got from the network, which is what the option maxBytes allows`, { code: 'source-too-large' })
    }
    return chunks.length === 1 ? chunks[0] : concat(chunks)
  }

  const fetchMany = async function * (digests: Uint8Array[], signal: AbortSignal | undefined): AsyncGenerator<SourceBlock[]> {
    const controller = new AbortController()
    const abort = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    lastBlock = Date.now()
    const watch = setInterval(() => {
      if (Date.now() - lastBlock >= timeout) {
        controller.abort(new SourceFailedError(`No peer and no gateway gave a block within ${timeout} ms`, { code: 'source-timeout' }))
      }
    }, Math.min(1000, Math.max(10, timeout / 10)))
    const running = new Map<number, Promise<{ i: number, bytes?: Uint8Array }>>()
    let next = 0
    try {
      while (next < digests.length || running.size > 0) {
        while (next < digests.length && running.size < concurrency) {
          const i = next++
          const fetched = fetch(digests[i], isRoot(digests[i]), controller.signal).then(bytes => ({ i, bytes }), cause => {
            controller.signal.throwIfAborted()
            if (cause instanceof SourceFailedError) throw cause
            throw new SourceFailedError(`Block "${hashOfDigest(digests[i])}" could not be got from peers or gateways`, { hash: hashOfDigest(digests[i]), cause })
          })
          fetched.catch(() => {})
          running.set(i, fetched)
        }
        const { i, bytes } = await untilAborted(Promise.race(running.values()), controller.signal)
        running.delete(i)
        if (bytes != null) {
          yield await check([{ digest: digests[i], bytes, length: bytes.length, isIntact: false }])
        }
      }
    } finally {
      clearInterval(watch)
      signal?.removeEventListener('abort', abort)
      controller.abort()
    }
  }

  return {
    headers: [[digest]],
    isRemote: !offline,
    isRepeatable: true,
    getMany: async function * (digests, options = {}) {
      const readSignal = options.signal ?? signal
      const cids = digests.map(digest => cidOf(digest))
      const found = await untilAborted(node.getMany(cids, { signal: readSignal }), readSignal)
      const there: SourceBlock[] = []
      const missing: Uint8Array[] = []
      for (const [i, bytes] of found.entries()) {
        if (bytes == null) {
          missing.push(digests[i])
        } else {
          there.push({ digest: digests[i], bytes, length: bytes.length, isIntact: false })
        }
      }
      const checked = await check(there)
      if (checked.length > 0) yield checked
      if (!offline && missing.length > 0) yield * fetchMany(missing, readSignal)
    },
    close: async () => {}
  }
}
