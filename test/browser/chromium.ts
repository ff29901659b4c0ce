import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import type { BuildOptions } from 'esbuild'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'

export const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

/** Bundles a page, as apps for browsers are bundled: it fails when a module of Node.js is imported. */
export function bundle (options: BuildOptions, page = join(import.meta.dirname, 'page.ts')) {
  return build({
    ...options,
    absWorkingDir: join(import.meta.dirname, '../..'),
    entryPoints: [page],
    bundle: true,
    platform: 'browser',
    write: false,
    outfile: 'page.js',
    logLevel: 'silent'
  })
}

export const launch = (): Promise<Browser> => chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
})

/** What a page has to be allowed for signatures to be checked by WebAssembly, and in web workers. */
export const policyForSignatures = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:"

/** Serves files on 127.0.0.1, in which nothing of other servers may be used, nor what a policy does not allow. */
export async function serve (files: Record<string, { type: string, body: string | Uint8Array }>, policy = "default-src 'self'") {
  const server = createServer(({ url }, response) => {
    const file = files[url!]
    response.writeHead(file == null ? 404 : 200, { 'content-type': file?.type ?? 'text/plain', 'content-security-policy': policy })
    response.end(file?.body)
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => server[Symbol.asyncDispose]()
  }
}
