import { CID } from 'multiformats/cid'
import { ForeignArchiveError, rootToString, WrongRootError } from './errors.ts'
import { keyOf } from '../blocks/digests.ts'
import { digestOf, isShort } from '../blocks/cids.ts'
import type { Source } from './sources/source.ts'

/** A root, as a user gives it: a CID, or how it is written. */
export type RootLike = CID | string | { toString: () => string }

/**
 * The digest that a user's root has.
 *
 * @throws WrongRootError when it can be none.
 */
export function toRootDigest (root: RootLike): Uint8Array {
  let text: string = typeof root
  let cid
  try {
    text = String(root)
    cid = CID.asCID(root) ?? CID.parse(text)
  } catch (cause) {
    throw new WrongRootError(`Not the CID of a root: "${text}"`, { cause })
  }
  if (!isShort(cid.bytes) || cid.code !== 0x71) {
    throw new WrongRootError(`Not the CID of a root: "${text}", which is not of DAG-CBOR and SHA2-256`)
  }
  return digestOf(cid.bytes)!
}

/** What is read of a source. */
export interface PickedRoots {
  /** The digests of the roots. */
  roots: Uint8Array[]
  /** The digests of their bases that no part of the source is. */
  bases: Uint8Array[]
}

/** The roots that a source has, those of them that no other names as its base, and the bases that no part of it is. */
function listRoots ({ headers }: Source): { own: Map<string, Uint8Array>, roots: Uint8Array[], bases: Uint8Array[] } {
  const named = headers.filter(header => header.length > 0)
  const own = new Map(named.map(([first]) => [keyOf(first), first]))
  // An archive of what has not changed is based on one with its own root
  const bases = new Map(named.flatMap(([first, ...bases]) => bases.filter(base => keyOf(base) !== keyOf(first)).map(base => [keyOf(base), base])))
  const whole = new Set(named.filter(([first, ...bases]) => !bases.some(base => keyOf(base) === keyOf(first))).map(([first]) => keyOf(first)))
  return {
    own,
    roots: [...own].filter(([key]) => !bases.has(key)).map(([, digest]) => digest),
    bases: [...bases, ...[...own].filter(([key]) => !whole.has(key))].filter(([key]) => !whole.has(key) && !(own.has(key) && bases.has(key))).map(([, base]) => base)
  }
}

const assertHasRoots = ({ headers }: Source, { size }: ReadonlyMap<string, Uint8Array>): void => {
  if (size > 0) return
  throw headers.length === 1
    ? new ForeignArchiveError('The archive names no root. If it is a part of one, give all its parts, and the root as the option root', { code: 'root-required' })
    : new WrongRootError('No part of the archive names its root: give it as the option root', { code: 'root-required' })
}

/**
 * Picks the roots of a source: every one that no other names as its base, or the one that is asked for.
 *
 * @throws WrongRootError when it has not that one, or none is asked for and it names none.
 */
export function pickRoots (source: Source, root?: RootLike): PickedRoots {
  const { own, roots, bases } = listRoots(source)
  if (root != null) {
    const digest = toRootDigest(root)
    if (own.size > 0 && !own.has(keyOf(digest))) {
      throw new WrongRootError(`The archive has another root than ${rootToString(digest)}: ${[...own.values()].map(rootToString).join(', ')}`)
    }
    return { roots: [digest], bases }
  }
  assertHasRoots(source, own)
  if (roots.length === 0) {
    throw new WrongRootError('Each of the archives names another as its base: give the root as the option root', { code: 'root-required' })
  }
  return { roots, bases }
}

/**
 * The roots of a source of which everything is to be read: one that others name as its base may be left out where they have all
 * of it. Of two that name each other, as when a log is again as it was, it has both.
 *
 * @throws WrongRootError when it names none.
 */
export function pickAllRoots (source: Source): PickedRoots & { others: Uint8Array[] } {
  const { own, roots, bases } = listRoots(source)
  assertHasRoots(source, own)
  const picked = roots.length > 0 ? roots : [...own.values()]
  return { roots: picked, bases, others: [...own.values()].filter(root => !picked.includes(root)) }
}
