// How each package manager is told to patch a package: as files to write, so that nothing is written
// unless everything can be.
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CLIError } from './errors.ts'
import { namesIn } from './names.ts'

/** A file to write, or to remove. */
export interface Edit {
  /** Its path, from the folder of the app. */
  path: string
  /** What is in it then; undefined to remove it. */
  text: string | undefined
  /** What was changed, in words. */
  what: string
}

/** A patch to a package. */
export interface Patch {
  name: string
  version: string
  /** A diff whose paths start at the package: `a/src/…`. */
  diff: string
}

export interface App {
  directory: string
  manager: PackageManager
}

/** Tells a package manager to patch a package, or no longer to: no edits when it is so already. */
type PackageManager = {
  name: string
  /** What to run afterwards. */
  install: string
  /** What to run after the patch was taken away. */
  reinstall: string
  /** The folder to delete before that, as it would stay patched otherwise. */
  stale?: string
  add: (directory: string, patch: Patch) => Promise<Edit[]>
  remove: (directory: string, patch: Patch) => Promise<Edit[]>
}

const patchPackageVersion = '^8.0.1'

const readText = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(error => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
  return undefined
})

type Manifest = Record<string, any>

async function readManifest (directory: string): Promise<Manifest> {
  const text = await readText(join(directory, 'package.json'))
  if (text == null) {
    throw new CLIError('notFound', `No package.json is in "${directory}": name the folder of your app with --directory`)
  }
  const path = join(directory, 'package.json')
  let manifest
  try {
    manifest = JSON.parse(text)
  } catch (cause) {
    throw new CLIError('failed', `"${path}" is not JSON: ${(cause as Error).message}`, { cause })
  }
  assertIsObject(manifest, `"${path}"`)
  for (const key of ['scripts', 'dependencies', 'devDependencies', 'resolutions']) {
    if (Object.hasOwn(manifest, key)) assertIsObject(manifest[key], `"${key}" in "${path}"`)
  }
  for (const [name, script] of Object.entries(manifest.scripts ?? {})) {
    if (typeof script !== 'string') throw new CLIError('failed', `The script "${name}" in "${path}" is no text`)
  }
  return manifest
}

/** Fails when something is no object of JSON or YAML. */
function assertIsObject (value: unknown, what: string): asserts value is Manifest {
  if (value == null || typeof value !== 'object' || Array.isArray(value)) {
    throw new CLIError('failed', `${what} is not an object`)
  }
}

/** An edit of package.json that keeps how it is indented. */
async function editManifest (directory: string, manifest: Manifest, what: string): Promise<Edit> {
  const before = await readText(join(directory, 'package.json'))
  const indent = /^[\t ]+(?=")/m.exec(before ?? '')?.[0] ?? '  '
  return { path: 'package.json', text: `${JSON.stringify(manifest, null, indent)}\n`, what }
}

/** The object at a key, which is made where there is none. */
const at = (object: Manifest, key: string): Manifest => (object[key] ??= {})

/** Removes what is at a key of an object at a key, and the object when nothing else is in it. */
function removeFrom (object: Manifest, key: string, name: string): void {
  delete object[key]?.[name]
  if (object[key] != null && Object.keys(object[key]).length === 0) {
    delete object[key]
  }
}

/** The edit that writes the file of a patch: none when it is there, an error when another is. */
async function writePatch (directory: string, path: string, text: string): Promise<Edit[]> {
  return await hasPatch(directory, path, text) ? [] : [{ path, text, what: 'the patch' }]
}

/** The edit that removes the file of a patch: none when it is not there, an error when another is. */
async function removePatch (directory: string, path: string, text: string): Promise<Edit[]> {
  return await hasPatch(directory, path, text) ? [{ path, text: undefined, what: 'the patch' }] : []
}

/** Whether the file of a patch is there. */
async function hasPatch (directory: string, path: string, text: string): Promise<boolean> {
  // Git may have changed how its lines end
  const there = (await readText(join(directory, path)))?.replaceAll('\r\n', '\n')
  if (there != null && there !== text.replaceAll('\r\n', '\n')) {
    throw new CLIError('usage', `"${path}" is there already, and is another patch: take it away with "orbitdb-backup patch --undo" of the version that wrote it, or by hand`)
  }
  return there != null
}

/** A diff whose paths start at the folder of the app. */
function atFolder ({ diff, name }: Patch): string {
  const folder = `node_modules/${name}/`
  return diff
    .replace(/^diff --git a\/(.+) b\/(.+)$/gm, `diff --git a/${folder}$1 b/${folder}$2`)
    .replace(/^(--- a|\+\+\+ b)\/(?=\S)/gm, `$1/${folder}`)
}

/** npm and Yarn 1, which leave patches to patch-package. */
const patchPackage = (name: string): PackageManager => {
  const pathOf = (patch: Patch): string => `patches/${patch.name.replace('/', '+')}+${patch.version}.patch`
  const command = 'patch-package'

  /** The other patches that the app has: of the same package, or of any. */
  const otherPatches = async (directory: string, patch: Patch, prefix = ''): Promise<string[]> => {
    return (await namesIn(join(directory, 'patches'))).filter(file => file.startsWith(prefix) && file.endsWith('.patch') && file !== pathOf(patch).slice('patches/'.length))
  }

  const add: PackageManager['add'] = async (directory, patch) => {
    const [other] = await otherPatches(directory, patch, patch.name.replace('/', '+') + '+')
    if (other != null) {
      throw new CLIError('usage', `"patches/${other}" patches "${patch.name}" already: take it away first, or join the two by hand`)
    }
    const edits = await writePatch(directory, pathOf(patch), atFolder(patch))
    const manifest = await readManifest(directory)
    const script: string | undefined = manifest.scripts?.postinstall
    const done: string[] = []
    if (script?.includes(command) !== true) {
      at(manifest, 'scripts').postinstall = script == null ? command : `${script} && ${command}`
      done.push(`"${command}" in the script postinstall`)
    }
    if (manifest.dependencies?.[command] == null && manifest.devDependencies?.[command] == null) {
      at(manifest, 'dependencies')[command] = patchPackageVersion
      done.push(`"${command}" in the dependencies`)
    }
    return done.length === 0 ? edits : [...edits, await editManifest(directory, manifest, done.join(', '))]
  }

  const remove: PackageManager['remove'] = async (directory, patch) => {
    const edits = await removePatch(directory, pathOf(patch), atFolder(patch))
    // Other patches need it
    if (edits.length === 0 || (await otherPatches(directory, patch)).length > 0) {
      return edits
    }
    const manifest = await readManifest(directory)
    const script: string = manifest.scripts?.postinstall ?? ''
    const rest = script.split(' && ').filter(part => part !== command).join(' && ')
    if (rest === '') {
      removeFrom(manifest, 'scripts', 'postinstall')
    } else {
      manifest.scripts.postinstall = rest
    }
    removeFrom(manifest, 'dependencies', command)
    removeFrom(manifest, 'devDependencies', command)
    return [...edits, await editManifest(directory, manifest, `no "${command}" in the script postinstall and in the dependencies`)]
  }

  return { name, install: `${name} install`, reinstall: name === 'npm' ? 'npm install' : `${name} install --check-files`, stale: 'node_modules/@orbitdb/core', add, remove }
}

/** pnpm, from version 10. */
function pnpm (): PackageManager {
  const pathOf = ({ name, version }: Patch): string => `patches/${name.replace('/', '__')}@${version}.patch`
  const keyOf = ({ name, version }: Patch): string => `${name}@${version}`
  const file = 'pnpm-workspace.yaml'
  /** What tells a file that was made here from one that was empty. */
  const mark = '# made by "orbitdb-backup patch"\n'

  const readWorkspace = async (directory: string) => {
    const { parseDocument } = await import('./yaml.ts')
    const text = (await readText(join(directory, file)))?.replaceAll('\r\n', '\n')
    const isOurs = text == null || text.startsWith(mark)
    const document = parseDocument(text?.slice(isOurs ? mark.length : 0) ?? '')
    const [error] = document.errors
    if (error != null) {
      throw new CLIError('failed', `"${join(directory, file)}" is not YAML: ${error.message}`, { cause: error })
    }
    const settings = document.toJS() ?? {}
    assertIsObject(settings, `"${join(directory, file)}"`)
    if (settings.patchedDependencies != null) assertIsObject(settings.patchedDependencies, `"patchedDependencies" in "${join(directory, file)}"`)
    return { document, isOurs }
  }

  const add: PackageManager['add'] = async (directory, patch) => {
    const { document, isOurs } = await readWorkspace(directory)
    const settings: Manifest = document.toJS() ?? {}
    const others = Object.entries(settings.patchedDependencies ?? {}).filter(([key, path]) => key.replace(/(?!^)@.*$/, '') === patch.name && path !== pathOf(patch))
    if (others.length > 0) {
      throw new CLIError('usage', `"${others[0][1]}" patches "${patch.name}" already: take it away first, or join the two by hand`)
    }
    const edits = await writePatch(directory, pathOf(patch), patch.diff)
    if (settings.patchedDependencies?.[keyOf(patch)] != null) {
      return edits
    }
    document.setIn(['patchedDependencies', keyOf(patch)], pathOf(patch))
    return [...edits, { path: file, text: `${isOurs ? mark : ''}${document.toString()}`, what: 'patchedDependencies' }]
  }

  const remove: PackageManager['remove'] = async (directory, patch) => {
    const edits = await removePatch(directory, pathOf(patch), patch.diff)
    const { document, isOurs } = await readWorkspace(directory)
    if (!document.hasIn(['patchedDependencies', keyOf(patch)])) {
      return edits
    }
    document.deleteIn(['patchedDependencies', keyOf(patch)])
    if (Object.keys(document.toJS().patchedDependencies).length === 0) {
      document.delete('patchedDependencies')
    }
    // There may be comments, where nothing else is
    const rest = Object.keys(document.toJS()).length === 0 ? document.toString().replace(/\n?\{\}\n$/, '') : document.toString()
    return [...edits, { path: file, text: isOurs && rest === '' ? undefined : rest, what: 'no patchedDependencies' }]
  }

  return { name: 'pnpm', install: 'pnpm install', reinstall: 'pnpm install', add, remove }
}

/** Yarn, from version 2. */
function yarn (): PackageManager {
  const pathOf = ({ name, version }: Patch): string => `.yarn/patches/${name.slice(1).replace('/', '-')}-${version}.patch`
  const rangeOf = (patch: Patch): string => `patch:${patch.name}@npm%3A${patch.version}#~/${pathOf(patch)}`

  const add: PackageManager['add'] = async (directory, patch) => {
    const manifest = await readManifest(directory)
    const isPatched = Object.values(manifest.resolutions ?? {}).includes(rangeOf(patch))
    const edits = await writePatch(directory, pathOf(patch), patch.diff)
    if (isPatched) {
      return edits
    }
    // What asks for this version, as the lockfile has it: "@orbitdb/core@npm:4.0.0, @orbitdb/core@npm:^4.0.0"
    const lockfile = (await readText(join(directory, 'yarn.lock')))?.replaceAll('\r\n', '\n') ?? ''
    const keys = [...lockfile.matchAll(/^"?(.+?)"?:\n {2}version: (\S+)$/gm)]
      .filter(([, , version]) => version === patch.version)
      .flatMap(([, descriptors]) => descriptors.split(', '))
      .filter(descriptor => descriptor.startsWith(`${patch.name}@`))
    const other = keys.find(key => key.startsWith(`${patch.name}@patch:`) || manifest.resolutions?.[key] != null)
    if (other != null || keys.length === 0) {
      throw new CLIError('usage', other == null ? `"${patch.name}" ${patch.version} is not in yarn.lock: run "yarn install" first` : `"${other}" is patched or replaced already: take that away first, or join the two by hand`)
    }
    for (const key of keys) {
      at(manifest, 'resolutions')[key] = rangeOf(patch)
    }
    return [...edits, await editManifest(directory, manifest, `resolutions of ${keys.join(', ')}`)]
  }

  const remove: PackageManager['remove'] = async (directory, patch) => {
    const edits = await removePatch(directory, pathOf(patch), patch.diff)
    const manifest = await readManifest(directory)
    const keys = Object.keys(manifest.resolutions ?? {}).filter(key => manifest.resolutions[key] === rangeOf(patch))
    for (const key of keys) {
      removeFrom(manifest, 'resolutions', key)
    }
    return keys.length === 0 ? edits : [...edits, await editManifest(directory, manifest, `no resolutions of ${keys.join(', ')}`)]
  }

  return { name: 'yarn', install: 'yarn install', reinstall: 'yarn install', add, remove }
}

/** Finds the folder that an app is installed in, at a directory or above it, and what has installed it. */
export async function findApp (directory: string): Promise<App> {
  await readManifest(directory)
  for (let at = resolve(directory); ; at = dirname(at)) {
    const names = await readdir(at)
    if (names.includes('pnpm-lock.yaml')) {
      return { directory: at, manager: pnpm() }
    }
    if (names.includes('yarn.lock')) {
      const isFirst = /^# yarn lockfile v1$/m.test(await readText(join(at, 'yarn.lock')) ?? '')
      return { directory: at, manager: isFirst ? patchPackage('yarn') : yarn() }
    }
    if (names.includes('package-lock.json') || names.includes('npm-shrinkwrap.json')) {
      return { directory: at, manager: patchPackage('npm') }
    }
    if (dirname(at) === at) {
      throw new CLIError('notFound', `No lockfile of npm, pnpm or Yarn is in "${resolve(directory)}" or above it: install your app first`)
    }
  }
}
