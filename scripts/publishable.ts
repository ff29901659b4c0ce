// Refuses to publish a package that does not say where it is developed. Nothing but `npm publish` calls this.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a package.json lacks to be published, in words; undefined where it lacks nothing. */
export function findLack ({ repository, bugs }: { repository?: { url?: string }, bugs?: { url?: string } }): string | undefined {
  if (repository?.url != null && bugs?.url != null) return undefined
  return 'package.json names no repository, or no place for bugs: npm pkg set repository.type=git repository.url=git+https://… bugs.url=https://…'
}

if (process.argv[1] === import.meta.filename) {
  const lack = findLack(JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')))
  if (lack != null) {
    console.error(lack)
    process.exit(1)
  }
}
