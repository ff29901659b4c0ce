import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const repository = manifest.repository?.url.replace(/^git\+|\.git$/g, '')

export default {
  entryPoints: ['src/index.ts', 'src/signatures/index.ts'],
  tsconfig: 'tsconfig.build.json',
  out: 'api',
  name: manifest.name,
  readme: 'README.md',
  includeVersion: true,
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, invalidPath: false },
  ...repository == null ? { disableSources: true } : { sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}` }
}
