#!/usr/bin/env node
/// <reference types="node" />
import module from 'node:module'

// What is imported after this is compiled once. Older versions of Node.js have no cache
module.enableCompileCache?.()
await import('./main.ts')
