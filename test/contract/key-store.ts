/** What every store of keys promises, whatever lies behind it. */

import { describe, expect, it } from 'vitest'
import { errorCodeOf } from '../../src/base/errors.ts'
import { Secret } from '../../src/base/secret.ts'
import type { KeyStore } from '../../src/agent/keys/key-store.ts'

export interface KeyStorePlace {
  /** Another process would open the same. */
  readonly open: () => KeyStore
  /** A key that this place can hold. */
  readonly key: Uint8Array<ArrayBuffer>
}

/** `place`: a new and empty one each time. */
export function describeKeyStore(name: string, place: () => Promise<KeyStorePlace>): void {
  describe(name, () => {
    it('gives back what was saved, to whoever opens it later', async () => {
      const { open, key } = await place()
      await open().save(new Secret(key.slice()))
      expect((await open().load()).bytes).toEqual(new Uint8Array(key))
    })

    it('keeps the same key when it is saved again', async () => {
      const { open, key } = await place()
      await open().save(new Secret(key.slice()))
      await open().save(new Secret(key.slice()))
      expect((await open().load()).bytes).toEqual(new Uint8Array(key))
    })

    it('hands out a copy: overwriting it after use loses nothing', async () => {
      const { open, key } = await place()
      await open().save(new Secret(key.slice()))
      const store = open()
      const first = await store.load()
      first.dispose()
      expect((await store.load()).bytes).toEqual(new Uint8Array(key))
    })

    it('can be emptied, also when it is empty', async () => {
      const { open, key } = await place()
      await open().remove()
      await open().save(new Secret(key.slice()))
      await open().remove()
      await open().remove()
    })
  })
}

/** For stores that hold the key itself. */
export function describeHoldingStore(name: string, place: () => Promise<KeyStorePlace>): void {
  describeKeyStore(name, place)
  describe(`${name}, which holds the key`, () => {
    it('fails where nothing was saved, and makes no key of its own', async () => {
      const { open } = await place()
      const failure: unknown = await open()
        .load()
        .catch((error: unknown) => error)
      expect(['key-unavailable', 'state-damaged']).toContain(errorCodeOf(failure))
      await expect(open().load()).rejects.toThrow()
    })

    it('forgets what was removed', async () => {
      const { open, key } = await place()
      await open().save(new Secret(key.slice()))
      await open().remove()
      await expect(open().load()).rejects.toThrow()
    })

    it('replaces one key by another, and takes long ones', async () => {
      const { open, key } = await place()
      await open().save(new Secret(key.slice()))
      const longer = new Uint8Array(300).map((_, at) => at)
      await open().save(new Secret(longer.slice()))
      expect((await open().load()).bytes).toEqual(longer)
    })
  })
}
