#!/usr/bin/env node
// Makes dist/, which is what is packed and what bin/redis-ts and the tests run: all of it anew.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeBundle } from './bundle.mjs'
import { makePage } from './page.mjs'
import { makeTypes } from './types.mjs'
import { makeWasm } from './wasm.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const dist = path.join(root, 'dist')

fs.rmSync(dist, { recursive: true, force: true })
fs.mkdirSync(dist)
await makeWasm(root, path.join(dist, 'scripting'))
await makeBundle(root, dist)
await makePage(root, dist)
// Last: type errors end the build, and leave all that runs.
await makeTypes(root, dist)
