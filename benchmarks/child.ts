// A process that calls the functions of a module: it is sent a name and arguments, and sends the result.
const functions: Record<string, (...args: unknown[]) => unknown> = await import(`./${process.argv[2]}.ts`)

process.on('message', async ({ fn, args }: { fn: string, args: unknown[] }) => process.send!({ result: await functions[fn](...args) }))

// Nothing waits for a result any more, maybe since before this was loaded
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()
