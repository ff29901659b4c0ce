import type { DatabaseFactory, Operation, TypedDatabase } from '../database.ts'
import { core } from '../runtime.ts'

/** A document, its key, and the hash of the entry that put it. */
export interface DocumentRecord<Doc extends object = Record<string, unknown>> {
  hash: string
  key: string
  value: Doc
}

/** A store of documents, each with a key in one of its fields. */
export interface Documents<Doc extends object = Record<string, unknown>> extends TypedDatabase<Operation<Doc | null>> {
  readonly type: 'documents'
  /** The field that has a document's key. */
  readonly indexBy: string
  /**
   * Stores a document and returns the hash of its entry.
   *
   * @throws Error when the document has no key.
   */
  put (doc: Doc): Promise<string>
  /**
   * Removes a document and returns the hash of the entry that does.
   *
   * @throws Error when there is no such document.
   */
  del (key: string): Promise<string>
  /** Gets a document by its key; undefined when there is none. */
  get (key: string): Promise<DocumentRecord<Doc> | undefined>
  /** The documents for which a function returns true, most recently put first. */
  query (findFn: (doc: Doc) => boolean): Promise<Doc[]>
  /** Iterates over the documents, most recently put first; `amount` of them, or all. */
  iterator (options?: { amount?: number }): AsyncGenerator<DocumentRecord<Doc>, void, undefined>
  /** All documents, least recently put first. */
  all (): Promise<Array<DocumentRecord<Doc>>>
}

/** The type of {@link Documents}. */
export interface DocumentsModule {
  /** @param options.indexBy The field that has a document's key; `_id` by default. */
  <Doc extends object = Record<string, unknown>>(options?: { indexBy: keyof NoInfer<Doc> & string }): DatabaseFactory<Documents<Doc>>
  readonly type: 'documents'
}

/**
 * Defines a documents database.
 *
 * @example
 * ```ts
 * import { Documents } from 'orbitdb-backup'
 *
 * const people = await orbitdb.open('people', { Database: Documents<{ name: string, age: number }>({ indexBy: 'name' }), type: 'documents' })
 * await people.put({ name: 'Ada', age: 36 })
 * console.log(await people.query(({ age }) => age > 30))    // [{ name: 'Ada', age: 36 }]
 * ```
 */
export const Documents: DocumentsModule = core.Documents
