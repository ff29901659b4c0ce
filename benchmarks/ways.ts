import backupRestore from './ways/backup-restore.ts'
import customStorages from './ways/custom-storages.ts'
import exportImport from './ways/export-import.ts'
import filesystemCopy from './ways/filesystem-copy.ts'
import git from './ways/git.ts'
import heliaCar from './ways/helia-car.ts'
import joinEntry from './ways/join-entry.ts'
import levelByHand from './ways/level-by-hand.ts'
import replication from './ways/replication.ts'
import type { Way } from './way.ts'

/** All ways, as they are run and listed. */
export const ways: Way[] = [
  filesystemCopy,
  levelByHand,
  joinEntry,
  customStorages,
  heliaCar,
  replication,
  exportImport,
  backupRestore,
  git
].flat()

/** The way of a name. */
export function getWay (name: string): Way {
  const way = ways.find(way => way.name === name)
  if (way == null) {
    throw new Error(`There is no way "${name}"`)
  }
  return way
}
