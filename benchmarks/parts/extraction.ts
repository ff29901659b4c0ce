// A backup by the API that OrbitDB has, which ways share that differ in how they restore it.
import { writeArtifact } from './artifact.ts'
import { getBlocks } from './blocks.ts'
import { setupOf } from '../node.ts'
import type { Backup, Open } from '../way.ts'

export async function extract ({ dataset, artifact }: Backup, { ipfs, db }: Open): Promise<void> {
  const entries = await db.log.values()
  const index = entries.map(({ hash }) => hash)
  const identities = new Set(entries.map(({ identity }) => identity))
  const hashes = [...await setupOf(ipfs, dataset.address), ...identities, ...index]
  await writeArtifact(artifact, { heads: await db.log.heads(), index }, getBlocks(ipfs, hashes))
}
