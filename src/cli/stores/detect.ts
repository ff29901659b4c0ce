import { createHash } from 'node:crypto'
import { opendir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeMultihash, defaultBlockForm, defaultDataForm, formatForm } from './forms.ts'
import type { Level } from 'level'
import type { BlockForm, DataForm } from './forms.ts'

/*
 * How a store names what it keeps depends on the options that it was made with, which are written
 * nowhere. What it keeps tells them: a block is under its own hash.
 */

/** What the records in a store tell. */
export interface Found<Form> {
  /** Each form that there are records in. */
  forms: Form[]
  /** Whether there is no record at all. */
  isEmpty: boolean
}

/** How many records are looked at, at most. */
const maxSteps = 20_000

/** How many files of a folder, and how many folders, are looked at. */
const maxFiles = 200

/** The hashes that blocks are named by, by what their multihashes start with: of most of them, and of the witness of a restore. */
const hashes: Array<[prefix: Buffer, name: string]> = [[Buffer.of(0x12, 0x20), 'sha256'], [Buffer.of(0x11, 0x14), 'sha1'], [Buffer.of(0x13, 0x40), 'sha512']]

/** Whether bytes are the block that a multihash names. */
const isBlock = (multihash: Uint8Array, bytes: Uint8Array): boolean => hashes.some(([prefix, name]) => {
  return prefix.equals(multihash.subarray(0, 2)) && createHash(name).update(bytes).digest().equals(multihash.subarray(2))
})

/** Greater than all that keys consist of. */
const last = '\uffff'

/** A key of a LevelDB. */
interface Key {
  key: string
  /** What names the sublevels that it is in. */
  prefix: string
  sublevels: string[]
  /** What is left. */
  rest: string
}

function splitKey (key: string): Key {
  const [prefix] = /^(?:![^!]*!)*/.exec(key)!
  return { key, prefix, sublevels: prefix.split('!').filter(name => name !== ''), rest: key.slice(prefix.length) }
}

/**
 * Visits the keys of a LevelDB, but for those that start with what `visit` returned for an earlier one.
 *
 * @returns Whether there is none.
 */
async function visitKeys (db: Level<string, Uint8Array>, visit: (key: Key) => Promise<string | undefined> | string | undefined): Promise<boolean> {
  const keys = db.keys()
  let isEmpty = true
  try {
    for (let step = 0; step < maxSteps; step++) {
      const key = await keys.next()
      if (key == null) {
        break
      }
      isEmpty = false
      const skipped = await visit(splitKey(key))
      if (skipped != null) {
        keys.seek(skipped + last)
      }
    }
  } finally {
    await keys.close()
  }
  return isEmpty
}

/** The start of a key up to its last slash, where that is not its first character. */
const parentOf = ({ prefix, rest }: Key): string | undefined => {
  const at = rest.lastIndexOf('/')
  return at > 0 ? prefix + rest.slice(0, at + 1) : undefined
}

/** What the keys of the blocks of a form start with. */
const startOf = ({ prefix, rest }: Key): string => prefix + rest.slice(0, 2)

const multihashOf = ({ rest }: Key): ReturnType<typeof decodeMultihash> => rest.startsWith('/') ? decodeMultihash(rest.slice(1)) : undefined

/** Finds out how blocks are named in a LevelDB. */
export async function findLevelBlocks (db: Level<string, Uint8Array>): Promise<Found<BlockForm>> {
  const forms = new Map<string, BlockForm>()
  const isEmpty = await visitKeys(db, async key => {
    const decoded = multihashOf(key)
    if (decoded == null) {
      return parentOf(key)
    }
    const bytes = await db.get(key.key)
    if (bytes != null && isBlock(decoded.multihash, bytes)) {
      const form: BlockForm = { ...defaultBlockForm, kind: 'level', base: decoded.base, sublevels: key.sublevels }
      forms.set(formatForm(form), form)
      return startOf(key)
    }
  })
  return { forms: [...forms.values()], isEmpty }
}

/** What keys of Helia's datastore start with, and those of libp2p. */
const isOfDatastore = (key: string): boolean => /^\/(pin|pinned-block|peers|pkcs8|info|dht|ipns|provider|local|libp2p-webrtc)\/|^\/(version|self|libp2p-webrtc.*)$/.test(key)

/** Finds out how a datastore names what it keeps in a LevelDB, in which there may be blocks as well. */
export async function findLevelData (db: Level<string, Uint8Array>): Promise<Found<DataForm>> {
  const forms = new Map<string, DataForm>()
  const isEmpty = await visitKeys(db, key => {
    if (isOfDatastore(key.rest)) {
      const form: DataForm = { ...defaultDataForm, kind: 'level', sublevels: key.sublevels }
      forms.set(formatForm(form), form)
    }
    return parentOf(key) ?? (multihashOf(key) == null ? undefined : startOf(key))
  })
  return { forms: [...forms.values()], isEmpty }
}

interface Listing {
  files: string[]
  folders: string[]
}

/** Some of the files and folders in a folder; none when it is not there. Hidden ones are left out. */
async function list (path: string): Promise<Listing> {
  const listing: Listing = { files: [], folders: [] }
  try {
    for await (const entry of await opendir(path)) {
      const names = entry.isDirectory() ? listing.folders : listing.files
      if (!entry.name.startsWith('.') && names.length < maxFiles) {
        names.push(entry.name)
      }
      if (listing.files.length === maxFiles && listing.folders.length === maxFiles) {
        break
      }
    }
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) {
      throw error
    }
  }
  return listing
}

/** A name of a file, and what it ends in. */
function splitName (name: string): { stem: string, extension: string } {
  const at = name.indexOf('.')
  return at === -1 ? { stem: name, extension: '' } : { stem: name.slice(0, at), extension: name.slice(at) }
}

/**
 * Finds out how blocks are named in files: in one folder, or in folders that are named by the last characters
 * of what is in them.
 */
export async function findFileBlocks (path: string): Promise<Found<BlockForm>> {
  const { files, folders } = await list(path)
  const forms = new Map<string, BlockForm>()

  const visit = async (folder: string, name: string): Promise<boolean> => {
    const { stem, extension } = splitName(name)
    const decoded = decodeMultihash(stem)
    const isNamed = decoded != null && (folder === '' || stem.endsWith(folder))
    if (!isNamed || !isBlock(decoded.multihash, await readFile(join(path, folder, name)))) {
      return false
    }
    const form: BlockForm = { ...defaultBlockForm, kind: 'fs', base: decoded.base, prefixLength: folder.length, extension }
    forms.set(formatForm(form), form)
    return true
  }

  for (const name of files) {
    await visit('', name)
  }
  for (const folder of folders) {
    for (const name of (await list(join(path, folder))).files) {
      if (await visit(folder, name)) break
    }
  }
  return { forms: [...forms.values()], isEmpty: files.length === 0 && folders.length === 0 }
}

/** Finds out how a datastore names its files. */
export async function findFileData (path: string): Promise<Found<DataForm>> {
  const { files, folders } = await list(path)
  const forms = new Map<string, DataForm>()
  const visit = (key: string, name: string): void => {
    const { stem, extension } = splitName(name)
    if (isOfDatastore(key + stem)) {
      const form: DataForm = { ...defaultDataForm, kind: 'fs', extension }
      forms.set(formatForm(form), form)
    }
  }
  for (const name of files) {
    visit('/', name)
  }
  for (const folder of folders) {
    for (const name of (await list(join(path, folder))).files) {
      visit(`/${folder}/`, name)
    }
  }
  return { forms: [...forms.values()], isEmpty: files.length === 0 && folders.length === 0 }
}
