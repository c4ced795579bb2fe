import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dayMs, systemClock } from '../../../../src/base/clock.ts'
import { nodeFileCalls, type FileCalls } from '../../../../src/vault/objects/file-calls.ts'
import { openFileStore } from '../../../../src/vault/objects/file-store.ts'
import { readWhole } from '../../../../src/vault/objects/object-store.ts'
import { objectOf, recordOf } from '../../../contract/object-store.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const clock = systemClock

/** Notes every call, and fails those that `failure` names. */
function watched(failure: (step: string) => string | undefined = () => undefined) {
  const steps: string[] = []
  const note = (step: string) => {
    steps.push(step)
    const code = failure(step)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
  }
  const calls: FileCalls = {
    createFile: async (path) => {
      const file = await nodeFileCalls.createFile(path)
      const name = basename(path)
      return {
        write: async (bytes) => {
          note(`write ${name}`)
          await file.write(bytes)
        },
        sync: async () => {
          note(`sync ${name}`)
          await file.sync()
        },
        close: () => file.close(),
      }
    },
    link: async (path, newPath) => {
      note(`link ${basename(path)} ${newPath}`)
      await nodeFileCalls.link(path, newPath)
    },
    rename: async (path, newPath) => {
      note(`rename ${basename(path)} ${newPath}`)
      await nodeFileCalls.rename(path, newPath)
    },
    remove: (path) => nodeFileCalls.remove(path),
    makeDirectory: (path) => nodeFileCalls.makeDirectory(path),
    syncDirectory: async (path) => {
      note(`sync-folder ${path}`)
      await nodeFileCalls.syncDirectory(path)
    },
  }
  return { steps, calls }
}

describe('durability', () => {
  test('each file is synced, then linked, then its folder synced; new folders are synced into their parents before', async () => {
    const directory = scratchDirectory()
    const { steps, calls } = watched()
    const store = await openFileStore(directory, { clock, calls })
    steps.length = 0
    await store.create('records/0000000000000000', recordOf('x'))
    const [first, second] = steps
      .filter((step) => step.startsWith('sync '))
      .map((step) => step.slice(5))
    expect(first).not.toBe(second)
    const original = join(directory, 'objects/records')
    const copy = join(directory, 'copies/records')
    expect(steps.filter((step) => !step.startsWith('write'))).toEqual([
      `sync ${first}`,
      `sync ${second}`,
      `sync-folder ${join(directory, 'objects')}`,
      `link ${first} ${original}/0000000000000000`,
      `sync-folder ${original}`,
      `sync-folder ${join(directory, 'copies')}`,
      `link ${second} ${copy}/0000000000000000`,
      `sync-folder ${copy}`,
    ])
  })

  test('the folder is synced as well before it is said that the object exists', async () => {
    const directory = scratchDirectory()
    const { steps, calls } = watched()
    const store = await openFileStore(directory, { clock, calls })
    const { key, bytes } = objectOf('data')
    await store.create(key, bytes)
    steps.length = 0
    expect(await store.create(key, bytes)).toBe('exists')
    expect(steps.at(-1)).toMatch(/^sync-folder .*\/objects\/.*\/data\//)
  })

  test.each(['sync ', 'sync-folder ', 'link ', 'write '])(
    'after a failed step (%s) nothing is acknowledged, no temporary file stays, and the next try succeeds',
    async (step) => {
      const directory = scratchDirectory()
      let failing = false
      const { calls } = watched((name) => (failing && name.startsWith(step) ? 'EIO' : undefined))
      const store = await openFileStore(directory, { clock, calls })
      const { key, bytes } = objectOf('tree')
      failing = true
      await expect(store.create(key, bytes)).rejects.toThrow('EIO')
      expect(await readdir(join(directory, 'tmp'))).toEqual([])
      failing = false
      await store.create(key, bytes)
      expect(Buffer.from(await readWhole(store, key, 100_000)).equals(bytes)).toBe(true)
    },
  )

  test.each(['ENOSPC', 'EDQUOT'])('a full disk (%s) is told as such', async (code) => {
    const { calls } = watched((step) => (step.startsWith('write') ? code : undefined))
    const store = await openFileStore(scratchDirectory(), { clock, calls })
    const { key, bytes } = objectOf('data')
    await expect(store.create(key, bytes)).rejects.toMatchObject({ code: 'vault-full' })
    expect(await store.stat(key)).toBeUndefined()
  })

  test('files left over by a crash are removed a day later', async () => {
    const directory = scratchDirectory()
    await mkdir(join(directory, 'tmp'))
    for (const [name, age] of [
      ['old', 2 * dayMs],
      ['young', 1_000],
    ] as const) {
      await writeFile(join(directory, 'tmp', name), 'x')
      const time = (Date.now() - age) / 1000
      await utimes(join(directory, 'tmp', name), time, time)
    }
    await openFileStore(directory, { clock })
    expect(await readdir(join(directory, 'tmp'))).toEqual(['young'])
  })

  test('nobody else can read what is kept', async () => {
    const directory = scratchDirectory()
    const store = await openFileStore(directory, { clock })
    const { key, bytes } = objectOf('tree')
    await store.create(key, bytes)
    for (const tree of ['objects', 'copies']) {
      expect((await stat(join(directory, tree, key))).mode & 0o777).toBe(0o600)
      expect((await stat(join(directory, tree, key, '..'))).mode & 0o777).toBe(0o700)
    }
  })
})

describe('two copies', () => {
  const setUp = async (kind: 'tree' | 'record') => {
    const directory = scratchDirectory()
    const store = await openFileStore(directory, { clock })
    const { key, bytes } =
      kind === 'tree' ? objectOf('tree') : { key: 'records/0000000000000000', bytes: recordOf('x') }
    await store.create(key, bytes)
    const paths = ['objects', 'copies'].map((tree) => join(directory, tree, key))
    return { store, key, bytes, original: paths[0] ?? '', copy: paths[1] ?? '' }
  }

  const flip = async (path: string, at: number) => {
    const bytes = await readFile(path)
    bytes[at] = (bytes[at] ?? 0) ^ 4
    await writeFile(path, bytes)
  }

  test('data packs are kept once', async () => {
    const directory = scratchDirectory()
    const store = await openFileStore(directory, { clock })
    const { key, bytes } = objectOf('data')
    await store.create(key, bytes)
    await expect(stat(join(directory, 'copies', key))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test.each(['tree', 'record'] as const)(
    'any flipped byte of a %s is found by reading it, and healed',
    async (kind) => {
      const { store, key, bytes, original } = await setUp(kind)
      for (const at of kind === 'record' ? bytes.keys() : [0, 5_000, bytes.length - 1]) {
        await flip(original, at)
        expect(Buffer.from(await readWhole(store, key, 100_000)).equals(bytes)).toBe(true)
        expect((await readFile(original)).equals(bytes)).toBe(true)
      }
    },
  )

  test.each(['tree', 'record'] as const)(
    'a %s that is cut off, empty or lost comes back from its copy',
    async (kind) => {
      const { store, key, bytes, original } = await setUp(kind)
      const damages = [
        () => writeFile(original, bytes.subarray(0, -1)),
        () => writeFile(original, ''),
        () => rm(original),
      ]
      for (const damage of damages) {
        await damage()
        expect(Buffer.from(await readWhole(store, key, 100_000)).equals(bytes)).toBe(true)
        expect((await readFile(original)).equals(bytes)).toBe(true)
      }
    },
  )

  test('what is lost below objects/ is still listed and there', async () => {
    const { store, key, original } = await setUp('record')
    await rm(original)
    expect(await store.stat(key)).toBeDefined()
    const keys: string[] = []
    for await (const found of store.list('records/')) keys.push(found.key)
    expect(keys).toEqual([key])
  })

  test('where both are damaged, nothing is handed out and the object is named', async () => {
    const { store, key, original, copy } = await setUp('tree')
    await flip(original, 1)
    await flip(copy, 2)
    await expect(store.read(key)).rejects.toMatchObject({ code: 'damaged', facts: { key } })
  })

  test('a damaged object is replaced when its bytes are sent again, in both places', async () => {
    const { store, key, bytes, original, copy } = await setUp('tree')
    await flip(original, 1)
    await flip(copy, 2)
    expect(await store.create(key, bytes)).toBe('exists')
    expect((await readFile(original)).equals(bytes)).toBe(true)
    expect((await readFile(copy)).equals(bytes)).toBe(true)
  })

  test('a lost record is not replaced by other bytes: its copy still says what it was', async () => {
    const { store, key, bytes, original } = await setUp('record')
    await rm(original)
    await expect(store.create(key, recordOf('other'))).rejects.toMatchObject({
      code: 'already-exists',
    })
    expect(Buffer.from(await readWhole(store, key, 1_000)).equals(bytes)).toBe(true)
  })

  test('a damaged record is not replaced by other bytes either', async () => {
    const { store, key, bytes, original } = await setUp('record')
    await flip(original, 0)
    await expect(store.create(key, recordOf('other'))).rejects.toMatchObject({
      code: 'already-exists',
    })
    expect((await readFile(original)).equals(bytes)).toBe(true)
  })
})

test.runIf(process.getuid?.() !== 0)(
  'a folder that can not be read is an error, not an empty one',
  async () => {
    const directory = scratchDirectory()
    const store = await openFileStore(directory, { clock })
    await store.create('records/0000000000000000', recordOf('x'))
    await chmod(join(directory, 'objects/records'), 0)
    await expect(store.list('records/')[Symbol.asyncIterator]().next()).rejects.toThrow()
    await chmod(join(directory, 'objects/records'), 0o700)
  },
)

describe('a move to the trash and one back at once', () => {
  test.each(['data', 'tree'])('leave the object a name: %s', async (kind) => {
    const { key, bytes } = objectOf(kind)
    const inTrash = `trash/0000000000000001/${key}`
    for (let at = 1; ; at++) {
      const directory = scratchDirectory()
      const other = await openFileStore(directory, { clock })
      let step = 0
      const interrupted = async () => {
        if (++step === at) await other.move(inTrash, key)
      }
      const store = await openFileStore(directory, { clock })
      await store.create(key, bytes)
      const slow = await openFileStore(directory, {
        clock,
        calls: {
          ...nodeFileCalls,
          link: (from, to) => interrupted().then(() => nodeFileCalls.link(from, to)),
          rename: (from, to) => interrupted().then(() => nodeFileCalls.rename(from, to)),
          remove: (path) => interrupted().then(() => nodeFileCalls.remove(path)),
          syncDirectory: (path) => interrupted().then(() => nodeFileCalls.syncDirectory(path)),
        },
      })
      step = 0
      await slow.move(key, inTrash)
      const found = [await other.stat(key), await other.stat(inTrash)]
      expect(found.filter((facts) => facts !== undefined)).not.toEqual([])
      if (step < at) {
        expect(at).toBeGreaterThan(3)
        return
      }
    }
  })
})
