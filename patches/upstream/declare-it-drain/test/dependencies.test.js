import { deepStrictEqual } from 'assert'
import { readFile, readdir } from 'fs/promises'
import { isBuiltin } from 'module'
import path from 'path'

const packageName = (specifier) => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')

describe('Dependencies', function () {
  it('declares every package that the sources import', async () => {
    const { dependencies } = JSON.parse(await readFile('./package.json', 'utf8'))
    const imported = new Set()

    for (const file of await readdir('./src', { recursive: true })) {
      if (file.endsWith('.js')) {
        const source = await readFile(path.join('./src', file), 'utf8')
        for (const [, specifier] of source.matchAll(/^(?:import|export|\}) .*?'([^'.][^']*)'$/gm)) {
          imported.add(packageName(specifier))
        }
      }
    }

    const undeclared = [...imported].filter(name => !isBuiltin(name) && !(name in dependencies))

    deepStrictEqual(undeclared, [])
  })
})
