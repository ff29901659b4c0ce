import { core } from './runtime.ts'

/**
 * Writes to a store, unless a write to it has failed before, as on a full disk: what is written after
 * that may be lost although the store says it is not. So nothing more is written by this process
 * before the store is opened again.
 *
 * @param store - the store, or what stands for it wherever it is written to: for the blocks and the
 * pins of a node, its `blockstore`
 * @param name - what an error calls it
 * @throws StorageFailedError when it fails or has failed for a reason of the store, and whatever
 * else `write` throws.
 */
export const guardWrites: <Result>(store: object, name: string, write: () => Promise<Result>) => Promise<Result> = core.guardWrites
