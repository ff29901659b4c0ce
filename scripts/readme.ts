// Has the links of README.md lead to the files of the package, wherever it is read: `npm pack` and `npm publish` call this before they
// pack, and with --undo when they have. The registry's page has relative links lead to the repository, and others to nowhere.
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [readme, kept] = ['README.md', 'node_modules/.README.md'].map(path => join(root, path))

/** The text of a page with links to the files of a published package. */
export const withAbsoluteLinks = (page: string, { name, version }: { name: string, version: string }): string =>
  page.replace(/\]\((?!#|[a-z]+:)([^)\s]+)\)/g, (link, path) => `](https://unpkg.com/${name}@${version}/${path})`)

if (process.argv[1] === import.meta.filename) {
  // Where packing was interrupted, it is as it was before that
  if (existsSync(kept)) await rename(kept, readme)
  if (!process.argv.includes('--undo')) {
    const page = await readFile(readme, 'utf8')
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    await writeFile(`${kept}.new`, withAbsoluteLinks(page, manifest))
    await rename(readme, kept)
    await rename(`${kept}.new`, readme)
  }
}
