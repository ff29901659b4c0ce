/** The bytes of a CID. */
export type CIDBytes = Uint8Array

/** What names a block: its hash or, which is faster where there are many, the bytes of its CID. */
export type BlockName = string | CIDBytes

/** A block, as it is stored. */
export type StoredBlock = [cid: CIDBytes, bytes: Uint8Array]

/** Options of operations on many blocks. */
export interface BlocksOptions {
  signal?: AbortSignal
}

/** Options of pinning many blocks. */
export interface PinOptions extends BlocksOptions {
  /** Pin just the blocks, and not what they link to, which may have to be fetched. */
  isShallow?: boolean
  /**
   * What {@link Blocks.putWitness} resolved to: the blocks were all stored since. As long as it is there no garbage
   * was collected, and they are there, without being asked for.
   */
  witness?: string
}

/** Blocks that were read one after the other. */
export interface BlockRun {
  /** The place of the first of them among those that were asked for. */
  start: number
  /** The bytes of each, until the next run is asked for: undefined where the node does not have it. */
  blocks: Array<Uint8Array | undefined>
}

/** The blocks and pins of a node, many at a time. It reads from the node alone, not from its peers. */
export interface Blocks {
  /** Reads blocks: undefined for each that the node does not have. */
  getMany (names: BlockName[], options?: BlocksOptions): Promise<Array<Uint8Array | undefined>>
  /**
   * Reads many blocks, some at a time. They are given by their digests, one after the other in the order of the stores' keys. Where they are most of what the node has, it goes through the store rather than looking each up.
   */
  readInOrder (digests: Uint8Array, options?: BlocksOptions): AsyncIterable<BlockRun>
  /** Whether the node has blocks. */
  hasMany (names: BlockName[], options?: BlocksOptions): Promise<boolean[]>
  /** Stores blocks, which are not pinned. Their bytes are not checked against their names. */
  putMany (blocks: Array<[name: BlockName, bytes: Uint8Array]>, options?: BlocksOptions): Promise<void>
  /**
   * Has the node write what it keeps in memory of blocks that were stored before: what is stored next, in the order of the stores' keys, then comes
   * to lie where nothing else is, and a LevelDB never has to merge it. Left out where that makes no difference.
   */
  flush? (): Promise<void>
  /**
   * Stores a block of no use, which nothing pins and nobody else has, so that it is gone as soon as garbage is
   * collected. Left out where pinning does not ask for it. To be deleted when it has served.
   */
  putWitness? (options?: BlocksOptions): Promise<string>
  /** Deletes blocks, but for those that are pinned. */
  deleteMany (names: BlockName[], options?: BlocksOptions): Promise<void>
  /** Whether blocks are pinned, by themselves or by what links to them. */
  arePinned (names: BlockName[], options?: BlocksOptions): Promise<boolean[]>
  /**
   * Pins blocks, each by itself, but for those that are already. Resolves to those that it has pinned.
   *
   * @throws MissingBlockError when the node does not have one of them.
   */
  pinMany <Name extends BlockName>(names: Name[], options?: PinOptions): Promise<Name[]>
  /** Removes pins that `pinMany` made. */
  unpinMany (names: BlockName[], options?: BlocksOptions): Promise<void>
}
