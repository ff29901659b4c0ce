import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { notWritable } from '../errors.ts'
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

async function openAt (path: string, { write }: OpenOptions): Promise<Level<string, Uint8Array>> {
  const { Level } = await import('level')
  const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await db.open({ createIfMissing: write, compression: false })
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
