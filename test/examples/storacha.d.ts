/** Storacha on this machine. */
export interface LocalStoracha {
  /** A client with a space. */
  client: any
  /** URL of a gateway. */
  url: string
  /** CIDs of the CAR files that an upload was cut into. */
  shardsOf: (root: string) => Promise<unknown[]>
  readShard: (shard: unknown) => Promise<Uint8Array>
  close: () => Promise<void>
}

export function serveStoracha (): Promise<LocalStoracha>
