// Uploads a backup to Storacha, and restores it from its gateway. `client` is one of @storacha/client, with a space:
// https://docs.storacha.network/js-client/
import { createBackup, restoreBackup } from 'orbitdb-backup'

/** Uploads a backup, as it is made, and returns its root: all that is needed to get it back. */
export async function upload (client, db) {
  const backup = createBackup(db)
  await client.uploadCAR({ stream: () => backup.stream() })
  return backup.root
}

/** Restores a backup by its root. `gateway` is the URL of one, such as https://w3s.link. */
export async function restore (orbitdb, root, gateway) {
  const response = await fetch(`${gateway}/ipfs/${root}?format=car`)
  return restoreBackup(orbitdb, response, { root, sync: false })
}
