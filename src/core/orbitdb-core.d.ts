// `@orbitdb/core` is plain JavaScript. Only runtime.ts imports it.
declare module '@orbitdb/core'
