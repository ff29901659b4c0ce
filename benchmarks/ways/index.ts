import backupRestore from './backup-restore.ts'
import customStorages from './custom-storages.ts'
import exportImport from './export-import.ts'
import filesystemCopy from './filesystem-copy.ts'
import git from './git.ts'
import heliaCar from './helia-car.ts'
import joinEntry from './join-entry.ts'
import levelByHand from './level-by-hand.ts'
import replication from './replication.ts'
import type { Way } from '../way.ts'

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
