import { CLIError } from '../errors.ts'
import { findFileBlocks, findFileData, findLevelBlocks, findLevelData } from './detect.ts'
import { defaultBlockForm, defaultDataForm, findBase, formatForm } from './forms.ts'
import { assertWritable, openLevel } from './level.ts'
// What opens a store is loaded when there is one of its kind
import type { FsBlockstore } from 'blockstore-fs'
import type { LevelBlockstore } from 'blockstore-level'
import type { FsDatastore } from 'datastore-fs'
import type { LevelDatastore } from 'datastore-level'
import type { Level } from 'level'
import type { Layout, StoreLocation } from '../layout.ts'
import type { Found } from './detect.ts'
import type { BlockForm, DataForm } from './forms.ts'
import type { OpenedLevel, OpenOptions } from './level.ts'

/** The stores of a node. */
export interface Stores {
  blockstore: LevelBlockstore | FsBlockstore
  /** Undefined when there is none, or when nothing is to be written. */
  datastore?: LevelDatastore | FsDatastore
  /** Opens the datastore, where nothing is to be written. Undefined when there is none. */
  openDatastore: () => Promise<Stores['datastore']>
  /** What a user ought to know of them. */
  notes: string[]
  close: () => Promise<void>
}

/** Opens LevelDBs, each once. */
function createLevels (options: OpenOptions) {
  const opened = new Map<string, OpenedLevel>()
  return {
    open: async (path: string): Promise<Level<string, Uint8Array>> => {
      const level = opened.get(path) ?? await openLevel(path, options)
      opened.set(path, level)
      return level.db
    },
    close: async (): Promise<void> => {
      for (const { close } of opened.values()) {
        await close()
      }
    }
  }
}

/** A part of a LevelDB, which has all that is used of one. */
function sublevelOf (db: Level<string, Uint8Array>, names: string[]): Level<string, Uint8Array> {
  return names.reduce((db, name) => db.sublevel<string, Uint8Array>(name, { keyEncoding: 'utf8', valueEncoding: 'view' }) as unknown as typeof db, db)
}

/** Chooses how a store names what it keeps: as what is in it is named, and as the user says. */
function chooseForm<Form extends BlockForm | DataForm> ({ path, options }: StoreLocation, { forms, isEmpty }: Found<Form>, defaults: Form, what: string, flag: string): Form {
  const listForms = (): string => forms.map(formatForm).join('; ')
  if (options != null) {
    const form: Form = { ...(forms.length === 1 ? forms[0] : defaults), ...options }
    if (forms.length > 0 && !forms.some(found => formatForm(found) === formatForm(form))) {
      throw new CLIError('usage', `"${path}" is not a store with ${formatForm(form)}, as ${flag} has it: what is in it is kept with ${listForms()}`)
    }
    return form
  }
  if (forms.length > 1) {
    throw new CLIError('unsupported', `${what} are kept in "${path}" in more than one way, and a node looks in one: say which with ${flag}: ${listForms()}`)
  }
  if (forms.length === 0 && !isEmpty) {
    throw new CLIError('unsupported', `How ${what} are kept in "${path}" can not be told from what is in it: say it with ${flag}, or use the library in the app`)
  }
  return forms[0] ?? defaults
}

async function openBlockstore (location: StoreLocation, openDB: (path: string) => Promise<Level<string, Uint8Array>>): Promise<{ blockstore: Stores['blockstore'], isGuess: boolean }> {
  const { path, options, kind = options?.kind ?? 'level' } = location
  const db = kind === 'level' ? await openDB(path) : undefined
  const found = db == null ? location.found ?? await findFileBlocks(path) : await findLevelBlocks(db)
  const form = chooseForm(location, found, { ...defaultBlockForm, kind }, 'blocks', '--blockstore-options')
  const isGuess = location.kind != null && found.forms.length === 0 && options == null
  const base = findBase(form.base) as any
  if (db == null) {
    const { FsBlockstore } = await import('blockstore-fs')
    const { FlatDirectory, NextToLast } = await import('blockstore-fs/sharding')
    const { prefixLength, extension } = form
    const shardingStrategy = prefixLength === 0 ? new FlatDirectory({ base, extension }) : new NextToLast({ base, extension, prefixLength })
    return { blockstore: new FsBlockstore(path, { shardingStrategy }), isGuess }
  }
  const { LevelBlockstore } = await import('blockstore-level')
  return { blockstore: new LevelBlockstore(sublevelOf(db, form.sublevels) as any, { base }), isGuess }
}

async function openDatastore (location: StoreLocation, openDB: (path: string) => Promise<Level<string, Uint8Array>>): Promise<Stores['datastore']> {
  const { path, options, kind = options?.kind ?? 'level' } = location
  const db = kind === 'level' ? await openDB(path) : undefined
  const found = db == null ? await findFileData(path) : await findLevelData(db)
  const form = chooseForm(location, found, { ...defaultDataForm, kind }, 'pins', '--datastore-options')
  if (db == null) {
    const { FsDatastore } = await import('datastore-fs')
    const datastore = new FsDatastore(path, { extension: form.extension })
    // Which makes its folder
    if (location.kind == null) await datastore.open()
    return datastore
  }
  const { LevelDatastore } = await import('datastore-level')
  return new LevelDatastore(sublevelOf(db, form.sublevels) as any)
}

/**
 * Opens the stores of a node. To read, the datastore is seldom needed.
 *
 * @throws CLIError when it can not be told how they name what they keep, or when they can not be written to.
 */
export async function openStores ({ blockstore: blocks, datastore: data, orbitdb }: Layout, options: OpenOptions): Promise<Stores> {
  for (const path of options.write ? [blocks.path, data.path, orbitdb] : []) {
    await assertWritable(path)
  }
  const levels = createLevels(options)
  try {
    const { blockstore, isGuess } = await openBlockstore(blocks, levels.open)
    const notes = isGuess ? [`"${blocks.path}" is empty, so that it is used with default options: if the node uses others, name them with --blockstore-options`] : []
    const openData = async (): Promise<Stores['datastore']> => {
      const place = await findDatastore(blocks, data, levels.open)
      return place == null || (!options.write && (place.kind == null || place.isUnmade === true)) ? undefined : openDatastore(place, levels.open)
    }
    const datastore = options.write ? await openData() : undefined
    if (options.write && datastore == null) {
      notes.push('The node has no datastore, so that the blocks can not be pinned: give it with --datastore if it is somewhere else')
    }
    return { blockstore, datastore, openDatastore: openData, notes, close: levels.close }
  } catch (error) {
    await levels.close().catch(() => {})
    throw error
  }
}

/** Where pins are to be kept: in a place that there is or that was given, in that of the blocks, or nowhere. */
async function findDatastore (blocks: StoreLocation, data: StoreLocation, openDB: (path: string) => Promise<Level<string, Uint8Array>>): Promise<StoreLocation | undefined> {
  const isNew = blocks.kind == null
  if (data.kind != null || data.isGiven || isNew) {
    return data
  }
  const isShared = blocks.kind === 'level' && (await findLevelData(await openDB(blocks.path))).forms.length > 0
  return isShared ? { ...data, path: blocks.path, kind: 'level' } : undefined
}
