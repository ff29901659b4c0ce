import type { DatabaseFactory, Operation, TypedDatabase } from '../database.ts'
import type { LogIteratorOptions } from '../log.ts'
import { core } from '../runtime.ts'

/** An event, and the hash of its entry. */
export interface EventRecord<Value = unknown> {
  hash: string
  value: Value
}

/** An append-only list of events. */
export interface Events<Value = unknown> extends TypedDatabase<Operation<Value>> {
  readonly type: 'events'
  /** Adds an event and returns the hash of its entry. */
  add (value: Value): Promise<string>
  /**
   * Gets an event by the hash of its entry.
   *
   * @throws TypeError when there is no such entry.
   */
  get (hash: string): Promise<Value>
  /** Iterates over a range of events, latest first. */
  iterator (options?: LogIteratorOptions): AsyncGenerator<EventRecord<Value>, void, undefined>
  /** All events, oldest first. */
  all (): Promise<Array<EventRecord<Value>>>
}

/** The type of {@link Events}. */
export interface EventsModule {
  <Value = unknown>(): DatabaseFactory<Events<Value>>
  readonly type: 'events'
}

/**
 * Defines an events database.
 *
 * @example
 * ```ts
 * import { Events } from 'orbitdb-backup'
 *
 * const visits = await orbitdb.open('visits', { Database: Events<string>() })
 * await visits.add('first')
 * for await (const { value } of visits.iterator({ amount: 10 })) {
 *   console.log(value)    // latest first
 * }
 * ```
 */
export const Events: EventsModule = core.Events
