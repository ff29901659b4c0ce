/** Something was to be written to a database that is open in a backup, to be read. */
export class ReadOnlyError extends Error {
  override name = 'ReadOnlyError'
  readonly code = 'read-only'

  constructor () {
    super('Could not write: the database is open in a backup, which is never changed. Restore it to write to it')
  }
}
