// Loaded with test files that share a process: fails a test that leaves the process other than it found it. Its file is to run
// alone (`test-processes.mjs` says by which words it knows one).
import assert from 'node:assert/strict'
import { afterEach } from 'node:test'

const state = () => ({ cwd: process.cwd(), env: { ...process.env } })
const found = state()
afterEach(() => assert.deepEqual(state(), found, 'a test changes the process that it shares with other files'))
