import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { Secret } from '../../src/base/secret.ts'
import { passphraseOf } from '../../src/model/passphrase.ts'
import { askedKeyStore } from '../../src/agent/keys/asked-store.ts'
import { fileKeyStore } from '../../src/agent/keys/file-store.ts'
import { osKeyStore } from '../../src/agent/keys/os-store.ts'
import { createSlot } from '../../src/crypto/slot.ts'
import { machineIdOf, vaultIdOf } from '../../src/model/ids.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { describeHoldingStore, describeKeyStore } from './key-store.ts'

const passphrase = 'correct horse battery staple'

const inFile = () => {
  const path = join(scratchDirectory(), 'master.key')
  return { path, open: () => fileKeyStore(path), key: systemRandom(32) }
}

async function inSlot() {
  const slotCopy = join(scratchDirectory(), 'slot')
  const key = systemRandom(32)
  const facts = {
    vaultId: vaultIdOf(systemRandom(16)),
    machineId: machineIdOf(systemRandom(16)),
    ...{ repository: 0, repositoryId: systemRandom(32), slot: 0, createdMs: 0 },
  }
  writeFileSync(
    slotCopy,
    await createSlot(
      { passphrase: passphraseOf(passphrase), masterKey: new Secret(key.slice()) },
      facts,
      systemRandom,
    ),
  )
  const open = (typed = passphrase) =>
    askedKeyStore({ slotCopy, passphrase: () => Promise.resolve(passphraseOf(typed)) })
  return { slotCopy, open, key }
}

describeHoldingStore('the file store', () => Promise.resolve(inFile()))
describeKeyStore('no store but the passphrase', async () => {
  const { open, key } = await inSlot()
  return { open: () => open(), key }
})

describe('the file store', () => {
  it('is for its owner alone, and refuses a file that others can read', async () => {
    const { path, open, key } = inFile()
    await open().save(new Secret(key.slice()))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    chmodSync(path, 0o640)
    await expect(open().load()).rejects.toMatchObject({ code: 'file-permissions' })
  })

  it('refuses a file that was cut short', async () => {
    const { path, open, key } = inFile()
    await open().save(new Secret(key.slice()))
    truncateSync(path, 40)
    await expect(open().load()).rejects.toMatchObject({ code: 'state-damaged' })
  })
})

describe('no store but the passphrase', () => {
  it('writes no key anywhere', async () => {
    const { slotCopy, open, key } = await inSlot()
    await open().save(new Secret(key.slice()))
    expect(readFileSync(slotCopy).includes(Buffer.from(key))).toBe(false)
  })

  it('opens for the passphrase alone', async () => {
    const { open, key } = await inSlot()
    await open().save(new Secret(key.slice()))
    const wrong = open('correct horse battery stable')
    await expect(wrong.load()).rejects.toMatchObject({ code: 'passphrase-wrong' })
  })

  it('refuses a key that its slot does not give', async () => {
    const { open } = await inSlot()
    await expect(open().save(new Secret(systemRandom(32)))).rejects.toMatchObject({
      code: 'key-unavailable',
    })
  })
})

/** A program that stands where the one is that asks the system: these are ways in which it can fail. */
function asking(script: string, timeoutMs = 20_000) {
  const program = ['--input-type=module', '-e', script]
  return osKeyStore({ account: 'deadbeef', env: process.env, timeoutMs, program })
}

describe('the key store of the operating system', () => {
  it.each([
    ['waits for ever', 'setInterval(() => {}, 1000)', 300],
    ['dies', 'process.exit(3)', 20_000],
    ['answers what nobody understands', 'console.log("[]")', 20_000],
    ['never stops answering', 'for (;;) process.stdout.write("x".repeat(65536))', 20_000],
    ['has no answer', 'console.log(JSON.stringify({ ok: true, secret: null }))', 20_000],
    ['gives half a key', 'console.log(JSON.stringify({ ok: true, secret: "00ff" }))', 20_000],
  ])('that %s is reported, and nothing hangs', async (_, script, timeoutMs) => {
    const loading = asking(script, timeoutMs).load()
    await expect(loading).rejects.toMatchObject({
      code: 'key-unavailable',
      hint: expect.stringMatching(/\w/) as string,
    })
  })

  it('that gives back another key than was saved is not trusted with it', async () => {
    const other = JSON.stringify({ ok: true, secret: '11'.repeat(32) })
    const saving = asking(`console.log(${JSON.stringify(other)})`).save(
      new Secret(systemRandom(32)),
    )
    await expect(saving).rejects.toMatchObject({ code: 'key-unavailable' })
  })
})
