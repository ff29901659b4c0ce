/** Event names and the listeners they take. */
export type ListenerMap<M> = { [Name in keyof M]: (...args: never[]) => void }

/** Arguments of the listeners of one event. */
export type ListenerArgs<M, Name extends keyof M> = M[Name] extends (...args: infer Args) => void ? Args : never

/**
 * An `EventEmitter` (of Node.js, or of the npm package `events` in a browser)
 * with known events.
 */
export interface Emitter<M extends ListenerMap<M>> {
  on<Name extends keyof M> (event: Name, listener: M[Name]): this
  once<Name extends keyof M> (event: Name, listener: M[Name]): this
  off<Name extends keyof M> (event: Name, listener: M[Name]): this
  addListener<Name extends keyof M> (event: Name, listener: M[Name]): this
  removeListener<Name extends keyof M> (event: Name, listener: M[Name]): this
  prependListener<Name extends keyof M> (event: Name, listener: M[Name]): this
  prependOnceListener<Name extends keyof M> (event: Name, listener: M[Name]): this
  removeAllListeners (event?: keyof M): this
  /** Calls the listeners; true when there were any. */
  emit<Name extends keyof M> (event: Name, ...args: ListenerArgs<M, Name>): boolean
  listenerCount (event: keyof M): number
  listeners<Name extends keyof M> (event: Name): Array<M[Name]>
  rawListeners<Name extends keyof M> (event: Name): Array<M[Name]>
  eventNames (): Array<keyof M>
  getMaxListeners (): number
  setMaxListeners (count: number): this
}
