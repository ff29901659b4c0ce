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

/**
 * Picks the roots of a source: every one that no other names as its base, or the one that is asked for.
 *
 * @throws WrongRootError when it has not that one, or none is asked for and it names none.
 */
export function pickRoots ({ headers }: Source, root?: RootLike): PickedRoots {
  const named = headers.filter(header => header.length > 0)
  const own = new Map(named.map(([first]) => [keyOf(first), first]))
  // An archive of what has not changed is based on one with its own root
  const bases = new Map(named.flatMap(([first, ...bases]) => bases.filter(base => keyOf(base) !== keyOf(first)).map(base => [keyOf(base), base])))
  const whole = new Set(named.filter(([first, ...bases]) => !bases.some(base => keyOf(base) === keyOf(first))).map(([first]) => keyOf(first)))
  const otherBases = [...bases, ...[...own].filter(([key]) => !whole.has(key))].filter(([key]) => !whole.has(key) && !(own.has(key) && bases.has(key))).map(([, base]) => base)

  if (root != null) {
    const digest = toRootDigest(root)
    if (own.size > 0 && !own.has(keyOf(digest))) {
      throw new WrongRootError(`The archive has another root than ${rootToString(digest)}: ${[...own.values()].map(rootToString).join(', ')}`)
    }
    return { roots: [digest], bases: otherBases }
  }
  if (own.size === 0) {
    throw headers.length === 1
      ? new ForeignArchiveError('The archive names no root. If it is a part of one, give all its parts, and the root as the option root', { code: 'root-required' })
      : new WrongRootError('No part of the archive names its root: give it as the option root', { code: 'root-required' })
  }
  const roots = [...own].filter(([key]) => !bases.has(key)).map(([, digest]) => digest)
  if (roots.length === 0) {
    throw new WrongRootError('Each of the archives names another as its base: give the root as the option root', { code: 'root-required' })
  }
  return { roots, bases: otherBases }
}
