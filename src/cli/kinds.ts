/** A kind of file that is no archive, as its first bytes tell. */
interface Kind {
  name: string
  isKind: (start: Buffer) => boolean
  /** What makes an archive of it, to standard output, where something may. */
  unpack?: string
}

const startsWith = (...bytes: number[]) => (start: Buffer): boolean => Buffer.from(bytes).equals(start.subarray(0, bytes.length))

const startsWithText = (text: string, at = 0) => (start: Buffer): boolean => start.toString('latin1', at, at + text.length) === text

const isText = (start: Buffer): boolean => start.length > 0 && /^[\t\n\r\x20-\x7e]*$/.test(start.toString('latin1'))

/** The most specific first. */
const kinds: Kind[] = [
  { name: 'compressed with gzip', isKind: startsWith(0x1f, 0x8b), unpack: 'gunzip -c' },
  { name: 'compressed with zstd', isKind: startsWith(0x28, 0xb5, 0x2f, 0xfd), unpack: 'zstd -dc' },
  { name: 'compressed with xz', isKind: startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a), unpack: 'xz -dc' },
  { name: 'compressed with bzip2', isKind: startsWithText('BZh'), unpack: 'bzip2 -dc' },
  { name: 'compressed with lz4', isKind: startsWith(0x04, 0x22, 0x4d, 0x18), unpack: 'lz4 -dc' },
  { name: 'encrypted with age', isKind: startsWithText('age-encryption.org/'), unpack: 'age -d' },
  { name: 'encrypted with PGP', isKind: startsWithText('-----BEGIN PGP MESSAGE'), unpack: 'gpg -d' },
  { name: 'a tar file', isKind: startsWithText('ustar', 257), unpack: 'tar -xOf' },
  { name: 'a zip file', isKind: startsWithText('PK\u0003\u0004'), unpack: 'unzip -p' },
  { name: 'a 7z file', isKind: startsWithText('7z\u00bc\u00af\u0027\u001c') },
  { name: 'an SQLite database', isKind: startsWithText('SQLite format 3\0') },
  { name: 'HTML, as a server sends it instead of a file', isKind: start => /^\s*<(!doctype html|html)/i.test(start.toString('latin1')) },
  { name: 'JSON', isKind: start => isText(start) && /^\s*[[{]\s*["{[\]}\d]/.test(start.toString('latin1')) },
  { name: 'text', isKind: isText }
]

/** How many bytes tell what a file is. */
export const startLength = 512

/**
 * Says what a file is that is no archive: undefined when it may be one, or when that can not be told.
 *
 * @param start - its first bytes, as many as `startLength` where there are so many
 * @param file - its path, as a shell has it; undefined for a pipe
 */
export function describeKind (start: Uint8Array, file?: string): string | undefined {
  const bytes = Buffer.from(start)
  const kind = kinds.find(({ isKind }) => isKind(bytes))
  if (kind == null) {
    return
  }
  const { name, unpack } = kind
  if (unpack == null) {
    return name
  }
  return `${name}: ${file == null ? `pipe it through ${unpack} first` : `unpack it first, by ${unpack} ${file}, into a file or a pipe`}`
}
