import { firstWriter, optionsOf, start } from '../node.ts'
import type { Peer } from '../way.ts'
import type { TaskOf } from './tasks.ts'

/** Opens a database on a node that then runs, for others to get it from. */
export async function serve ({ dataset, directory }: TaskOf<'serve'>): Promise<Peer> {
  const running = await start(directory, 'stock', { id: firstWriter })
  const db = await running.orbitdb.open(dataset.address, { ...optionsOf(running, dataset), sync: true })
  return {
    multiaddrs: running.ipfs.libp2p.getMultiaddrs().map(String),
    heads: (await db.log.heads()).map(({ hash }) => hash)
  }
}
