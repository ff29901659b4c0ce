/** A block of a source. */
export interface SourceBlock {
  /** Its digest; undefined when its CID is of another kind than those that blocks of archives have. */
  digest?: Uint8Array
  /** The bytes, which nobody changes any more. */
  bytes: Uint8Array
  /** Where it starts in the source, in bytes, and how many bytes it takes there; not known of all sources. */
  offset?: number
  length: number
  /** Whether its bytes match its digest. */
  isIntact: boolean
}

/** Options of reading from a source. */
export interface ReadOptions {
  signal?: AbortSignal
}

/** Where the blocks of a backup come from. It gives what it has, and knows nothing of what it means. */
export interface Source {
  /** The digests of the roots that each of its headers names: its own, and then those of its bases. None in a part of a file. */
  readonly headers: Uint8Array[][]
  /** How many bytes it has, where that is known. */
  readonly size?: number
  /** The blocks, some at a time, in the order in which they are there. */
  blocks? (options?: ReadOptions): AsyncIterable<SourceBlock[]>
  /** Whether `blocks` can be read again. */
  readonly isRepeatable: boolean
  /** Whether it asks others for what is not here. */
  readonly isRemote?: boolean
  /** Some blocks, in any order: without those that it does not have. */
  getMany? (digests: Uint8Array[], options?: ReadOptions): AsyncIterable<SourceBlock[]>
  close (): Promise<void>
}
