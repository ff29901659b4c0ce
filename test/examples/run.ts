import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'

const examples = join(root, 'examples')

/** The examples, copied to where packages are found, with this project as the package `orbitdb-backup`. */
export async function copyExamples () {
  await mkdir(join(root, '.tmp'), { recursive: true })
  const directory = await mkdtemp(join(root, '.tmp', 'examples-'))
  await cp(examples, directory, { recursive: true })
  for (const name of (await readdir(directory, { recursive: true })).filter(name => name.endsWith('.js'))) {
    const path = join(directory, name)
    const code = await readFile(path, 'utf8')
    await writeFile(path, code.replace("from 'orbitdb-backup'", `from ${JSON.stringify(join(root, 'src/index.ts'))}`))
  }
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')

  return {
    directory,
    /** Runs an example as a program, in a directory of its own, and returns what it prints. */
    run: async (name: string, args: string[] = [], env: Record<string, string> = {}): Promise<string> => {
      const cwd = await mkdtemp(join(directory, 'run-'))
      return (await run(cwd, process.execPath, [join(directory, name), ...args], env)).stdout
    },
    remove: () => rm(directory, { recursive: true, force: true })
  }
}
