// What is built into dist/, and under which licenses.
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

const root = join(import.meta.dirname, '..')
const line = `\n\n${'-'.repeat(80)}\n\n`
const require = createRequire(import.meta.url)

/** What a package.json says about who made a package. */
interface Manifest {
  name: string
  version: string
  license: string
  author?: string | { name: string }
  repository?: string | { url: string }
}

/** The license texts of the packages that are in a bundle, and of others: their folders. */
export async function readLicenses ({ outputs }: Metafile, others: string[]): Promise<string> {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  const packages = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [])
  const licenses = await Promise.all([...new Set([...packages, ...others])].map(path => readLicense(join(root, path))))
  // Some packages are there several times, in the same version, and many have the same text
  const titles = new Map<string, Set<string>>()
  for (const { title, text } of licenses.sort((a, b) => a.title < b.title ? -1 : 1)) {
    titles.set(text, (titles.get(text) ?? new Set()).add(title))
  }
  return `What is built in here, besides the code of this package:${line}${Array.from(titles, ([text, titles]) => `${[...titles].join('\n')}\n\n${text}`).join(line)}\n`
}

/** The license of a package: what it is called, and its text, which is the standard one where the package has none. */
async function readLicense (path: string): Promise<{ title: string, text: string }> {
  const manifest: Manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
  const { name, version, license } = manifest
  const files = (await readdir(path)).filter(file => /^(licen[cs]e|notice)/i.test(file))
  const texts = await Promise.all(files.map(file => readFile(join(path, file), 'utf8')))
  // Some have a file that only says which license it is
  const isWhole = texts.some(text => /warrant|do what the/i.test(text))
  return { title: `${name} ${version}: ${license}`, text: [...texts.map(text => text.replaceAll('\r\n', '\n').trim()), ...isWhole ? [] : [standardText(manifest)]].join('\n\n') }
}

/** The standard text of a license, in the name of who made the package. Of several to choose from it is that of MIT. */
function standardText (manifest: Manifest): string {
  const { name, license } = manifest
  const choices = license.replace(/[()]/g, '').split(/ OR /i)
  const id = choices.find(id => id === 'MIT') ?? choices[0]
  let text: string
  try {
    text = require(`spdx-license-list/licenses/${id}.json`).licenseText
  } catch (cause) {
    throw new Error(`"${name}" has no license text, and "${license}" is no license that has a standard one`, { cause })
  }
  const filled = text.trim().replace(/<year> <(copyright holders?|owner)>/i, ownerOf(manifest))
  if (/<(year|owner|copyright holders?)>/i.test(filled)) {
    throw new Error(`The standard text of ${id}, the license of "${name}", has a place that nothing is known for`)
  }
  return choices.length > 1 ? `Used here under ${id}:\n\n${filled}` : filled
}

/** Who made a package. */
function ownerOf ({ name, author, repository }: Manifest): string {
  const person = typeof author === 'object' ? author.name : author?.replace(/\s*\(.*\)$/, '')
  if (person != null && person !== '') {
    return person
  }
  const url = typeof repository === 'object' ? repository.url : repository
  return url == null ? `the contributors of ${name}` : `the contributors of ${url.replace(/^git\+/, '').replace(/\.git$/, '')}`
}
