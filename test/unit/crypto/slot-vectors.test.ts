import { expect, it } from 'vitest'
import { ascii, concatBytes } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { openAead, zeroNonce } from '../../../src/crypto/primitives/aead.ts'
import { argon2 } from '../../../src/crypto/primitives/argon2.ts'
import { hkdfExpand, hmacSha256 } from '../../../src/crypto/primitives/hash.ts'
import { ed25519PublicKey } from '../../../src/crypto/primitives/signature.ts'
import { passphraseBytes } from '../../../src/model/passphrase.ts'
import { encodeSlotBody, encodeSlotHead } from '../../../src/model/slot.ts'
import { expectVectors } from '../../support/vectors.ts'
import { masterKey } from './fixed-keys.ts'
import { sampleSlot, weak, type SampleSlot } from './sample-slots.ts'

/** All that docs/format.md 2.1 names on the way from passphrase to bytes, each by the page. */
async function steps(about: string, { passphrase, bytes, slot }: SampleSlot) {
  const { argon2: parameters, salt } = slot
  const input = passphraseBytes(passphrase)
  const stretched = await argon2(input, salt, { ...parameters, allowWeak: true })
  const key = (name: string) => hkdfExpand(stretched, ascii(`backup/v1/slot/${name}`))
  const auth = key('auth')
  const body = encodeSlotBody(slot, slot.sealedMasterKey)
  return {
    about,
    passphrase: input,
    ...parameters,
    salt,
    p: Uint8Array.from(stretched),
    kek: key('kek'),
    commit: key('commit'),
    auth,
    authPublicKey: ed25519PublicKey(auth),
    aad: encodeSlotHead(slot),
    masterKey,
    sealedMasterKey: slot.sealedMasterKey,
    body,
    commitment: hmacSha256(key('commit'), body),
    sum: sha256(concatBytes(body, slot.commitment)),
    bytes,
  }
}

it('key slots are those of the vectors', async () => {
  const usual = await steps(
    'as writers make it: repository 0, slot 0',
    await sampleSlot('correct horse battery staple'),
  )
  const other = await steps(
    'the passphrase is not ASCII; least memory, which readers accept only when told to; repository 1, slot 300',
    await sampleSlot('Ko\u0308nigsstra\u00dfe Nummer 17', {
      argon2: { ...weak, passes: 4, lanes: 2 },
      repository: 1,
      slot: 300,
      createdMs: 0,
    }),
  )
  expectVectors('slot', {
    about:
      'Key slots (docs/format.md 2.1). Byte strings are hexadecimal; a slot is body ‖ commitment ‖ sum.',
    slots: [usual, other],
  })
  for (const slot of [usual, other]) {
    expect(slot.bytes).toEqual(concatBytes(slot.body, slot.commitment, slot.sum))
    const context = { key: slot.kek, nonce: zeroNonce, aad: slot.aad }
    expect(openAead(context, slot.sealedMasterKey)).toEqual(masterKey)
  }
})
