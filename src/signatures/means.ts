import { isRight, trial } from './checks.ts'
import type { CheckPacked } from './checks.ts'

/** Something that checks signatures by secp256k1 keys faster than `@libp2p/crypto` does. */
export interface Means<Data = any> {
  /**
   * Makes it in this thread or, by its text, in another: it must use nothing that is outside of it, and
   * name no function in it, as bundlers add calls of their own to keep such names.
   */
  create: (data: Data) => CheckPacked
  /** What `create` is called with, which can be sent to a thread. */
  data: Data
  /** What was made in this thread. */
  check: CheckPacked
}

/**
 * Tries out what checks signatures.
 *
 * @throws Error when it can not be made here, or is wrong.
 */
export function tryOut<Data> (create: Means<Data>['create'], data: Data): Means<Data> {
  const check = create(data)
  if (!isRight(check(trial))) {
    throw new Error('What is to check signatures is wrong about them')
  }
  return { create, data, check }
}
