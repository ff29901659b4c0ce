import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { optionsOf, start } from '../node.ts'
import { partsOfDatabase } from '../way.ts'
import { createBackup, restoreBackup } from '../../src/index.ts'
import { verifySignatures } from '../../src/signatures/index.ts'
import { createVerifier } from '../../src/signatures/verifier.ts'
import { findWebAssembly } from '../../src/signatures/webassembly.ts'
import type { KeyValue } from '../../src/index.ts'
import type { Way } from '../way.ts'

const fileIn = (artifact: string): string => join(artifact, 'backup.car')

const createWay = (name: string, about: string, { verify, hasAddon = false }: { verify: boolean, hasAddon?: boolean }): Way => ({
  name,
  about,
  orbitdb: 'patched',
  reads: 'running node',
  checks: verify ? 'everything' : 'hashes',
  keeps: partsOfDatabase,
  backup: ({ artifact }, { db }) => pipeline(createBackup(db), createWriteStream(fileIn(artifact))),
  restore: async ({ dataset, artifact, target }) => {
    const running = await start(target, 'patched', { verifySignatures: hasAddon ? verifySignatures : createVerifier(await findWebAssembly()) })
    const source = createReadStream(fileIn(artifact))
    return { ...running, db: await restoreBackup<KeyValue<string>>(running.orbitdb, source, { ...optionsOf(running, dataset), verify }) }
  }
})

export default [
  createWay('createBackup', 'An archive of this package: `createBackup`, to a file, and `restoreBackup`', { verify: true }),
  createWay('createBackup, with secp256k1', 'The same, where the addon `secp256k1` is installed, which checks signatures faster than WebAssembly does', { verify: true, hasAddon: true }),
  createWay('createBackup, verify: false', 'The same, but the restore checks no signatures and no access', { verify: false })
]
