import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

const root = join(import.meta.dirname, '..')
const line = `\n\n${'-'.repeat(80)}\n\n`

/** The licenses of the packages that are in a bundle. */
export async function readLicenses ({ outputs }: Metafile): Promise<string> {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  const packages = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [])
  const licenses = await Promise.all([...new Set(packages)].map(path => readLicense(join(root, path))))
  // Some are there several times, in the same version
  return `What is built in here, besides the code of this package:${line}${[...new Set(licenses)].sort().join(line)}\n`
}

/** The license of a package: what it is called, and its text where the package has that. */
async function readLicense (path: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
  const files = (await readdir(path)).filter(file => /^licen[cs]e/i.test(file))
  const texts = await Promise.all(files.map(file => readFile(join(path, file), 'utf8')))
  return [`${name} ${version}: ${license}`, ...texts.map(text => text.trim())].join('\n\n')
}
