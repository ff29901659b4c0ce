#!/usr/bin/env node
/// <reference types="node" />
import module from 'node:module'
import v8 from 'node:v8'

// The young generation stays as small as it is at first, where V8 would have it grow to 64 MB and more
v8.setFlagsFromString('--semi-space-growth-factor=1')

// What is imported after this is compiled once. Older versions of Node.js have no cache
module.enableCompileCache?.()
await import('./main.ts')
