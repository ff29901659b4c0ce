import type { AbortOptions } from 'abort-error'

/**
 * What OrbitDB asks of an IPFS node. The types are structural, so that a node
 * of any Helia version that has these parts fits, and so that they depend on
 * neither Helia nor libp2p.
 */

/** A content identifier, as passed to the node's blockstore and pins. */
export interface BlockCID {
  readonly code: number
  readonly version: number
  readonly bytes: Uint8Array
  toString (): string
}

/** Options of the node's block and pin operations. */
export interface BlockOptions extends AbortOptions {
  /** Read from the local blockstore only, never from the network. */
  offline?: boolean
}

/** The part of a node's blockstore that OrbitDB uses. */
export interface NodeBlockstore {
  put (cid: BlockCID, bytes: Uint8Array, options?: BlockOptions): unknown
  has (cid: BlockCID, options?: BlockOptions): boolean | Promise<boolean>
  get (cid: BlockCID, options?: BlockOptions): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** The part of a node's pins that OrbitDB uses. */
export interface NodePins {
  add (cid: BlockCID, options?: BlockOptions): AsyncIterable<unknown>
  isPinned (cid: BlockCID, options?: BlockOptions): Promise<boolean>
  ls (options?: AbortOptions & { cid?: BlockCID }): AsyncIterable<unknown>
}

/** An event of the node. */
export interface NodeEvent {
  readonly detail: unknown
}

/** The part of a pubsub service (e.g. gossipsub) that OrbitDB uses. */
export interface NodePubSub {
  subscribe (topic: string): unknown
  unsubscribe (topic: string): unknown
  publish (topic: string, data: Uint8Array): Promise<unknown>
  addEventListener (type: 'message' | 'subscription-change', listener: (event: NodeEvent) => void): void
  removeEventListener (type: 'message' | 'subscription-change', listener: (event: NodeEvent) => void): void
}

/** The part of a libp2p node that OrbitDB uses. */
export interface NodeLibp2p {
  readonly peerId: { toString (): string }
  /** Databases sync through the service named `pubsub`. */
  readonly services: { readonly pubsub: NodePubSub }
  dialProtocol (peer: never, protocol: string, options?: AbortOptions): Promise<unknown>
  handle (protocol: string, handler: (stream: unknown, connection: unknown) => void): Promise<void>
  unhandle (protocol: string): Promise<void>
  addEventListener (type: 'peer:disconnect', listener: (event: NodeEvent) => void): void
  removeEventListener (type: 'peer:disconnect', listener: (event: NodeEvent) => void): void
}

/** Makes the loggers of the parts of a node, as Helia and libp2p have it. */
export interface NodeLogger {
  forComponent (name: string): (format: unknown, ...values: unknown[]) => void
}

/**
 * An IPFS node: a Helia node (6 or 7) whose libp2p has a pubsub service named
 * `pubsub`.
 */
export interface HeliaNode {
  readonly libp2p: NodeLibp2p
  readonly blockstore: NodeBlockstore
  readonly pins: NodePins
  readonly logger?: NodeLogger
}
