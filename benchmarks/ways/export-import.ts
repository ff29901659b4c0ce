import { readBlocks, readLog, writeArtifact } from '../artifact.ts'
import { optionsOf, start } from '../node.ts'
import { partsOfDatabase } from '../way.ts'
import { verifySignatures } from '../../src/signatures/index.ts'
import { createVerifier } from '../../src/signatures/verifier.ts'
import type { Way } from '../way.ts'

// By itself, the patch has nothing else to check signatures
const byPatch = createVerifier()

const createWay = (name: string, about: string, verify: boolean, verifySignatures = byPatch): Way => ({
  name,
  about,
  orbitdb: 'patched',
  reads: 'running node',
  checks: verify ? 'everything' : 'hashes',
  keeps: partsOfDatabase,
  backup: async ({ artifact }, { db }) => {
    const { heads, index, blocks } = await db.export()
    await writeArtifact(artifact, { heads, index: [...index.keys()] }, blocks)
  },
  restore: async ({ dataset, artifact, target }) => {
    const running = await start(target, 'patched', { verifySignatures })
    const state = { address: dataset.address, ...await readLog(artifact), blocks: readBlocks(artifact) }
    return { ...running, db: await running.orbitdb.import(state, { ...optionsOf(running, dataset), verify }) }
  }
})

export default [
  createWay('db.export', 'The patch alone: `db.export`, saved as JSON and a CAR file, and `orbitdb.import`', true),
  createWay('db.export, faster signatures', 'The same, where `createOrbitDB` is given what `orbitdb-backup/signatures` has: here the addon `secp256k1`', true, verifySignatures),
  createWay('db.export, verify: false', 'The same, but the import checks no signatures and no access', false)
]
