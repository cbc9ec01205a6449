// A disk that is really full, under the whole server: a small file system of its own, filled to the last block.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { Secret } from '#kernel'
import { type Api, startApi } from '../support/api.ts'
import { engines, type Scratch, scratchDatabase } from '../support/engines.ts'

/** A file system of `megabytes`, or undefined where this user may mount none. */
function smallDisk(t: TestContext, megabytes: number): string | undefined {
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', place])
  t.after(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', place])
    rmSync(place, { recursive: true, force: true })
  })
  if (mounted.status === 0) return place
  t.skip('a small file system cannot be mounted here: this test needs root, and a system that lets it mount tmpfs')
  return undefined
}

/** Fills the disk to the last block; the file's name. */
function fill(disk: string): string {
  const file = join(disk, 'ballast')
  const descriptor = openSync(file, 'w')
  for (let size = 1 << 20; size >= 512; size >>= 1) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(size, 1))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
  closeSync(descriptor)
  return file
}

/** Writes until the disk takes no more, looks that nothing acknowledged is missing and nothing refused is there, makes room, goes on. */
async function fillAndHeal(api: Api, disk: string, refusal: { status: number; code: string }): Promise<void> {
  const made: string[] = []
  const create = async (name: string) => {
    const reply = await api.call('POST', '/api/organizations', { name, displayName: 'x'.repeat(200) })
    if (reply.status === 201) made.push(name)
    return reply
  }
  assert.equal((await create('before')).status, 201)
  const ballast = fill(disk)
  let refused: Awaited<ReturnType<Api['call']>> | undefined
  // Pages and log that were there before may still take some.
  for (let at = 0; at < 2_000 && refused === undefined; at++) {
    const reply = await create(`some${at}`)
    if (reply.status !== 201) refused = reply
  }
  assert.equal(refused?.status, refusal.status, JSON.stringify(refused?.body))
  assert.equal(refused.body.code, refusal.code)
  const again = await create('refused')
  assert.equal(again.status, refusal.status)
  assert.match(again.body.title, /full|journal/i)
  rmSync(ballast)
  const healed = await create('after')
  assert.equal(healed.status, 201, JSON.stringify(healed.body))
  const there: string[] = []
  let cursor = ''
  do {
    const { body } = await api.call('GET', `/api/organizations?limit=200${cursor && `&cursor=${cursor}`}`)
    for (const one of body.items) there.push(one.name)
    cursor = body.next ?? ''
  } while (cursor !== '')
  assert.deepEqual(there.filter((name) => name !== 'home').sort(), made.sort())
}

async function withServer(t: TestContext, scratch: Scratch, body: (api: Api) => Promise<void>): Promise<void> {
  const api = await startApi(scratch)
  t.after(() => scratch.remove())
  try {
    await body(api)
  } finally {
    await api.close()
  }
}

const full = { status: 507, code: 'storage.full' }

if (engines.includes('sqlite')) {
  test('a full disk under the database: 507, nothing half-done, and healed once there is room [sqlite]', async (t) => {
    const disk = smallDisk(t, 12)
    if (disk === undefined) return
    const scratch = await scratchDatabase('sqlite')
    const address = { engine: 'sqlite' as const, file: join(disk, 'gatehouse.db') }
    await withServer(t, { ...scratch, address }, (api) => fillAndHeal(api, disk, full))
  })

  test('a full disk under everything: what cannot be put on record is refused before it is done [sqlite]', async (t) => {
    const disk = smallDisk(t, 24)
    if (disk === undefined) return
    const directory = join(disk, 'data')
    mkdirSync(directory)
    const scratch: Scratch = {
      address: { engine: 'sqlite', file: join(directory, 'gatehouse.db') },
      directory,
      remove: async () => undefined,
    }
    await withServer(t, scratch, (api) => fillAndHeal(api, disk, full))
  })
}

if (engines.includes('postgres')) {
  test('a full disk under the database: 507, nothing half-done, and healed once there is room [postgres]', async (t) => {
    const disk = smallDisk(t, 48)
    if (disk === undefined) return
    const scratch = await scratchDatabase('postgres')
    if (scratch.address.engine !== 'postgres') throw new Error('not PostgreSQL')
    const url = new URL(scratch.address.url.reveal())
    const name = `full_${url.pathname.slice(1)}`
    const space = join(disk, 'space')
    mkdirSync(space)
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    t.after(async () => {
      await client.query(`drop database if exists ${name} with (force)`)
      await client.query(`drop tablespace if exists ${name}`)
      await client.end()
      await scratch.remove()
    })
    // The tablespace belongs to the system's user that PostgreSQL runs as.
    const { rows } = await client.query('show data_directory')
    const { uid, gid } = statSync(rows[0].data_directory)
    chmodSync(disk, 0o755)
    chownSync(space, uid, gid)
    await client.query(`create tablespace ${name} location '${space}'`)
    await client.query(`create database ${name} template template0 tablespace ${name}`)
    url.pathname = `/${name}`
    const address = { engine: 'postgres' as const, url: new Secret(url.href) }
    const api = await startApi({ ...scratch, address })
    try {
      await fillAndHeal(api, disk, full)
    } finally {
      await api.close()
    }
  })
}
