import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CLIError, notWritable } from '../errors.ts'
import { namesIn } from '../names.ts'
import { createView } from './view.ts'
// What opens a store is loaded when there is one of its kind
import type { Level } from 'level'

export interface OpenOptions {
  /** Whether to write to it, and to make it when it is not there. */
  write: boolean
}

/** A LevelDB that is open. */
export interface OpenedLevel {
  db: Level<string, Uint8Array>
  /** @throws CLIError when a process has written to it meanwhile, which could not be kept from it. */
  close: () => Promise<void>
}

/** Whether this process may write to a directory. */
export async function isWritable (path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK)
    return true
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code!)) {
      return false
    }
    throw error
  }
}

/**
 * Fails unless this process may write to a directory, or make it.
 *
 * @throws CLIError
 */
export async function assertWritable (path: string): Promise<void> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const canWrite = await isWritable(at).catch(error => {
      if (error.code !== 'ENOENT' || at === dirname(at)) throw error
    })
    if (canWrite === false) {
      throw notWritable(at)
    }
    if (canWrite === true) {
      return
    }
  }
}

/**
 * What the files in a folder are: a LevelDB; one that has nothing yet, as it is just being made, or was when the process
 * ended; or one that has lost `CURRENT`, the file that says what is in it, in place of which LevelDB would make a new one.
 */
export type LevelState = 'made' | 'begun' | 'damaged'

/** Finds out whether a folder is that of a LevelDB: undefined when it is not, or not there. */
export async function levelStateOf (path: string): Promise<LevelState | undefined> {
  const names = await namesIn(path)
  if (names.includes('CURRENT')) {
    return 'made'
  }
  if (names.length === 0 || !names.every(name => /^(LOG|LOG\.old|LOCK|MANIFEST-\d+|\d+\.(log|dbtmp|ldb|sst))$/.test(name))) {
    return
  }
  const isFirst = names.every(name => /^(LOG|LOG\.old|LOCK|MANIFEST-00000[12]|00000[12]\.dbtmp|000003\.log)$/.test(name))
  if (!isFirst || !names.includes('000003.log')) {
    return isFirst ? 'begun' : 'damaged'
  }
  try {
    return (await stat(join(path, '000003.log'))).size === 0 ? 'begun' : 'damaged'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Another process has removed it since
    return levelStateOf(path)
  }
}

const damagedLevel = (path: string, why: string, cause?: unknown): CLIError => new CLIError('damaged', `The LevelDB in "${path}" is damaged: ${why}`, { cause })

/**
 * Fails when a LevelDB has lost the file that says what is in it.
 *
 * @throws CLIError
 */
export async function assertNotDamaged (path: string): Promise<void> {
  if (await levelStateOf(path) === 'damaged') {
    throw damagedLevel(path, 'its file CURRENT, which says what is in it, is not there')
  }
}

async function openAt (path: string, { write }: OpenOptions): Promise<Level<string, Uint8Array>> {
  const { Level } = await import('level')
  const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  try {
    await db.open({ createIfMissing: write, compression: false })
  } catch (error) {
    const { code, message } = (error as Error).cause as NodeJS.ErrnoException ?? {}
    throw code === 'LEVEL_CORRUPTION' ? damagedLevel(path, message!, error) : error
  }
  return db
}

/**
 * Opens a LevelDB, as the stores of nodes do. LevelDB can not open one without writing to it: to read what it
 * can not write to, it opens a view of it.
 */
export async function openLevel (path: string, options: OpenOptions): Promise<OpenedLevel> {
  if (options.write) {
    await assertWritable(path)
  }
  await assertNotDamaged(path)
  if (options.write || await isWritable(path)) {
    const db = await openAt(path, options)
    return { db, close: () => db.close() }
  }
  const view = await createView(path)
  try {
    const db = await openAt(view.path, { write: false })
    const close = async (): Promise<void> => {
      await db.close()
      await view.close()
    }
    return { db, close }
  } catch (error) {
    await view.remove()
    throw error
  }
}
