// Writes patches/ from the commits of a checkout of OrbitDB, a patch for each:
//
//   npm run patch:make -- ../orbitdb base
//
// The checkout is one of upstream, or of the published package, and `base` is its commit that is what was
// published. What else than the sources and package.json a commit changes is left out. Each patch is an e-mail, as of
// git format-patch, so that patch-package, git apply and git am take it. It names neither who wrote the commit nor when,
// so that the same sources and messages always give the same patches.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const patches = join(root, 'patches')
const name = '@orbitdb/core'

const [checkout, base] = process.argv.slice(2)
if (checkout == null || base == null) {
  throw new Error('Which checkout of OrbitDB, and which of its commits is as published? npm run patch:make -- <checkout> <base>')
}

const git = (...args: string[]) => execFileSync('git', ['-C', checkout, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 })

const { version } = JSON.parse(git('show', `${base}:package.json`))
const prefix = `${name.replace('/', '+')}+${version}`
const sources = ['--', 'src', 'package.json']

const author = 'orbitdb-backup <noreply@orbitdb-backup.invalid>'
const date = 'Thu, 1 Jan 2026 00:00:00 +0000'

const commits = git('rev-list', '--reverse', '--no-merges', `${base}..HEAD`, ...sources).split('\n').filter(Boolean)
const files = commits.map((commit, i) => {
  const slug = git('show', '--no-patch', '--format=%f', commit).trim().toLowerCase().replaceAll('.', '-')
  const patch = git('format-patch', '-1', '--stdout', '--zero-commit', '--no-signature', '--no-stat', '--no-renames', '--full-index',
    `--src-prefix=a/node_modules/${name}/`, `--dst-prefix=b/node_modules/${name}/`, commit, ...sources)
    .replace(/^From: .*(\n .*)*$/m, `From: ${author}`)
    .replace(/^Date: .*$/m, `Date: ${date}`)
  return { file: `${prefix}+${String(i + 1).padStart(3, '0')}+${slug}.patch`, patch }
})

for (const file of readdirSync(patches).filter(file => file.startsWith(prefix))) {
  rmSync(join(patches, file))
}
for (const { file, patch } of files) {
  writeFileSync(join(patches, file), patch)
  console.log(file)
}
