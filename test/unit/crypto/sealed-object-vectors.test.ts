import { expect, it } from 'vitest'
import { ascii, concatBytes, equalBytes, u32, u64, u8, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { openAead, sealAead, zeroNonce } from '../../../src/crypto/primitives/aead.ts'
import { hkdfExpand, hmacSha256 } from '../../../src/crypto/primitives/hash.ts'
import {
  configContext,
  indexContext,
  manifestContext,
  openObject,
  sealObject,
  type SealedContent,
} from '../../../src/crypto/sealed-object.ts'
import { noRecord, parseObjectId, parseSourceName } from '../../../src/model/ids.ts'
import { withSum } from '../../../src/model/record-sum.ts'
import {
  encodeSealedHeader,
  sealedHeaderBytes,
  sealedTypeCode,
} from '../../../src/model/sealed-object.ts'
import { refusalOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import { fixedRandom, keys, masterKey, repositoryId } from './fixed-keys.ts'

interface Sample extends SealedContent {
  readonly about: string
  /** The key that its own key comes from. */
  readonly from: Uint8Array
}

const source = parseSourceName('files')
const refsRoot = parseObjectId('ab'.repeat(32))
const place = { source, seq: 1, previous: noRecord, refsRoot }

const samples: readonly Sample[] = [
  {
    about: 'config number 0',
    type: 'config',
    epoch: 0,
    context: configContext(0),
    payload: ascii('payload'),
    from: keys.index,
  },
  {
    about: 'config number 258',
    type: 'config',
    epoch: 0,
    context: configContext(258),
    payload: new Uint8Array(508).fill(1),
    from: keys.index,
  },
  {
    about: 'an index whose payload needs more than the least length',
    type: 'index',
    epoch: 0,
    context: indexContext,
    payload: new Uint8Array(509).fill(2),
    from: keys.index,
  },
  {
    about: `manifest of point 1 of files, refs root ${'ab'.repeat(32)}`,
    type: 'manifest',
    epoch: 3,
    context: manifestContext(place),
    payload: utf8('größer'),
    from: keys.epoch(3).manifest,
  },
  {
    about: 'cache, without a payload',
    type: 'cache',
    epoch: 0,
    context: new Uint8Array(0),
    payload: new Uint8Array(0),
    from: keys.local,
  },
]

/** All that docs/format.md 5 names on the way from payload to bytes, each by the page. */
function steps({ about, from, ...content }: Sample) {
  const { type, epoch, context, payload } = content
  const { random, given } = fixedRandom(about)
  const bytes = sealObject(content, keys, random)
  const typeByte = u8(sealedTypeCode[type])
  const salt = hmacSha256(keys.hedge, typeByte, given[0] ?? u8(0), sha256(payload))
  const key = hkdfExpand(from, concatBytes(ascii('object'), typeByte, salt))
  const header = bytes.subarray(0, sealedHeaderBytes)
  const aad = concatBytes(header, repositoryId, context)
  const plain = openAead({ key, nonce: zeroNonce, aad }, bytes.subarray(sealedHeaderBytes))
  return {
    about,
    type: sealedTypeCode[type],
    epoch,
    context,
    payload,
    payloadSha256: sha256(payload),
    random: given[0] ?? u8(0),
    salt,
    key,
    aad,
    plainBytes: plain.length,
    plain,
    bytes,
    sha256: sha256(bytes),
  }
}

/** Authentic, but not as a writer of the page would pad it. */
const padded: Readonly<Record<string, Uint8Array>> = {
  'a padding that is not zero': concatBytes(u32(3), ascii('abc'), new Uint8Array(504), u8(1)),
  'a padding that is too long': concatBytes(u32(3), ascii('abc'), new Uint8Array(506)),
  'a padding that is too short': concatBytes(u32(3), ascii('abc'), new Uint8Array(504)),
  'a length beyond its end': concatBytes(u32(509), new Uint8Array(508)),
  'the largest length': concatBytes(u32(0xffff_ffff), new Uint8Array(508)),
  'no length': new Uint8Array(0),
}

function sealedPlain(plain: Uint8Array): Uint8Array {
  const salt = new Uint8Array(32).fill(7)
  const header = encodeSealedHeader({ type: 'index', epoch: 0, salt })
  const key = hkdfExpand(keys.index, concatBytes(ascii('object'), u8(2), salt))
  const aad = concatBytes(header, repositoryId)
  return concatBytes(header, sealAead({ key, nonce: zeroNonce, aad }, plain))
}

const all = samples.map(steps)
const configRecord = withSum(all[0]?.bytes ?? u8(0))

it('sealed objects are those of the vectors', () => {
  expectVectors('sealed-object', {
    about:
      'Sealed objects (docs/format.md 5). Byte strings are hexadecimal. A sealed object is the 48 bytes of header that aad begins with, then GCM(key, nonce 0, aad, plain).',
    masterKey,
    repositoryId,
    kIndex: keys.index,
    kHedge: keys.hedge,
    kLocal: keys.local,
    kManifest3: keys.epoch(3).manifest,
    objects: all,
    configRecord: {
      about: 'the first object as it is stored (docs/format.md 5.1)',
      bytes: configRecord,
    },
    refusedIndexes: Object.entries(padded).map(([about, plain]) => ({
      about,
      plain,
      bytes: sealedPlain(plain),
    })),
  })
})

it.each(all)('the salt, key, context and padding of a sealed object: $about', (object) => {
  expect(object.bytes.subarray(16, 48)).toEqual(object.salt)
  const { payload, plain } = object
  const isPayload = equalBytes(
    plain.subarray(0, 4 + payload.length),
    concatBytes(u32(payload.length), payload),
  )
  expect(isPayload).toBe(true)
  expect(plain.subarray(4 + payload.length).every((byte) => byte === 0)).toBe(true)
})

it('a sealed plaintext has 512 bytes, or what Padmé makes of it', () => {
  expect(all.map(({ plainBytes }) => plainBytes)).toEqual([512, 512, 544, 512, 512])
})

it.each(samples)('a sealed object is read as what it was: $about', (sample) => {
  const { type, context, payload } = sample
  expect(openObject(steps(sample).bytes, { type, context }, keys)).toEqual(payload)
})

it('a manifest is bound to the name, seq, prev and refs root of its point', () => {
  expect(manifestContext(place)).toEqual(
    concatBytes(u8(5), ascii('files'), u64(1), new Uint8Array(32), new Uint8Array(32).fill(0xab)),
  )
})

it.each(Object.entries(padded))('a sealed object with %s is refused', (_, plain) => {
  const expected = { type: 'index', context: indexContext } as const
  expect(refusalOf(() => openObject(sealedPlain(plain), expected, keys))).toBe('malformed')
})
