import * as orbitdb from '@orbitdb/core'

/**
 * The exports of the patched `@orbitdb/core`, without types.
 *
 * This is the only place that imports it: each file beside this one binds the
 * exports of its concept to the types it declares.
 */
export const core: Readonly<Record<string, any>> = orbitdb
