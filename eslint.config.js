import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, env: ['mocha', 'node'], ignores: ['api/**', 'dist/**', '.tmp/**'] }),
  {
    // A type and a value may share a name: TypeScript itself tells true redeclarations
    rules: { '@typescript-eslint/no-redeclare': 'off' }
  }
]
