import { bases } from 'multiformats/basics'
import { CLIError } from '../errors.ts'
import type { MultibaseCodec } from 'multiformats'

/** What keeps a store: one LevelDB, or files. */
export type StoreKind = 'level' | 'fs'

/** How a blockstore names its blocks, by the options that it was made with. */
export interface BlockForm {
  kind: StoreKind
  /** The base of the multihashes that name blocks, as multiformats calls it. */
  base: string
  /** The sublevels of the LevelDB that it is in, from the outermost. */
  sublevels: string[]
  /** How many of the last characters of a name are the folder of a file: 0 when all are in one folder. */
  prefixLength: number
  /** What names of files end in. */
  extension: string
}

/** How a datastore names what it keeps. */
export interface DataForm {
  kind: StoreKind
  sublevels: string[]
  extension: string
}

export const defaultBlockForm: Omit<BlockForm, 'kind'> = { base: 'base32upper', sublevels: [], prefixLength: 2, extension: '.data' }

export const defaultDataForm: Omit<DataForm, 'kind'> = { sublevels: [], extension: '.data' }

const codecs = Object.values(bases) as Array<MultibaseCodec<string>>

/** The bases by the character that what they encode starts with. */
const codecByPrefix = new Map(codecs.map(codec => [codec.prefix, codec]))

/** Finds a base by its name. */
export const findBase = (name: string): MultibaseCodec<string> | undefined => codecs.find(codec => codec.name === name)

/** Decodes a multihash that is encoded in any base: undefined when it is none. */
export function decodeMultihash (text: string): { base: string, multihash: Uint8Array } | undefined {
  const codec = codecByPrefix.get(String.fromCodePoint(text.codePointAt(0) ?? 0))
  if (codec == null || codec.name === 'identity') {
    return
  }
  try {
    const multihash = codec.decoder.decode(text)
    // Another encoding of the same bytes is not what a store would look for
    return codec.encoder.encode(multihash) === text ? { base: codec.name, multihash } : undefined
  } catch {}
}

/** What may be said of a store, and in which kinds of stores. */
const optionKinds: Record<string, StoreKind | undefined> = {
  kind: undefined, base: undefined, sublevel: 'level', prefixLength: 'fs', extension: 'fs'
}

/** Options of a store, as given on the command line. */
export type StoreOptions = Partial<BlockForm>

/**
 * Reads what was said of a store: `base=base58btc,sublevel=ipfs/blocks`.
 *
 * @param flag - what it was said by, for errors
 */
export function parseStoreOptions (text: string, flag: string, names: string[]): StoreOptions {
  const options: StoreOptions = {}
  for (const part of text.split(',')) {
    const [name, ...rest] = part.split('=')
    const value = rest.join('=')
    const fail = (why: string): CLIError => new CLIError('usage', `${flag} "${part}": ${why}`)
    if (!names.includes(name) || rest.length === 0) {
      throw fail(`give ${names.map(name => `${name}=...`).join(', ')}, with commas between them`)
    }
    if (name === 'kind') {
      if (value !== 'level' && value !== 'fs') throw fail('it is level or fs')
      options.kind = value
    } else if (name === 'base') {
      if (findBase(value) == null) throw fail(`no such base, there are ${codecs.map(({ name }) => name).join(', ')}`)
      options.base = value
    } else if (name === 'sublevel') {
      options.sublevels = value.split('/')
    } else if (name === 'prefixLength') {
      if (!/^\d{1,2}$/.test(value)) throw fail('it is a number, 0 for one folder of all files')
      options.prefixLength = Number(value)
    } else {
      options.extension = value
    }
    const kind = optionKinds[name]
    if (kind != null && (options.kind ??= kind) !== kind) {
      throw fail(`only a store of kind ${kind} has that`)
    }
  }
  return options
}

export const blockOptionNames = Object.keys(optionKinds)

export const dataOptionNames = ['kind', 'sublevel', 'extension']

/** A form as it is given on the command line. */
export function formatForm (form: BlockForm | DataForm): string {
  const { kind, sublevels, extension } = form
  return [
    `kind=${kind}`,
    ...'base' in form ? [`base=${form.base}`] : [],
    ...sublevels.length > 0 ? [`sublevel=${sublevels.join('/')}`] : [],
    ...kind === 'fs' && 'prefixLength' in form ? [`prefixLength=${form.prefixLength}`] : [],
    ...kind === 'fs' ? [`extension=${extension}`] : []
  ].join(',')
}
