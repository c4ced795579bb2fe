/** zstd frames made by hand (RFC 8878 3.1.1), so that vectors do not hang on what a version of zstd makes of its input. */

import { concatBytes, fromHex, u32, u64 } from '../../src/base/bytes.ts'

/** `FD2FB528`, little-endian. */
export const zstdMagic = u32(0xfd2fb528)

const maxBlockBytes = 131_072

/** The blocks of so many times one byte, each of the kind RLE. */
export function rleBlocks(byte: number, lengthBytes: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let left = lengthBytes; left > 0; left -= maxBlockBytes) {
    const size = Math.min(left, maxBlockBytes)
    const isLast = left <= maxBlockBytes
    const header = u32((size << 3) | (1 << 1) | Number(isLast)).subarray(0, 3)
    blocks.push(header, Uint8Array.of(byte))
  }
  return concatBytes(...blocks)
}

export interface FrameFacts {
  /** Frame_Header_Descriptor. */
  readonly descriptor: number
  /** Window_Descriptor, Dictionary_ID and Frame_Content_Size, as they follow. */
  readonly fields: Uint8Array
  readonly blocks: Uint8Array
}

export const zstdFrame = ({ descriptor, fields, blocks }: FrameFacts): Uint8Array<ArrayBuffer> =>
  concatBytes(zstdMagic, Uint8Array.of(descriptor), fields, blocks)

/** So many times one byte as a frame of a single segment that states its size in 8 bytes. */
export const rleFrame = (byte: number, lengthBytes: number): Uint8Array<ArrayBuffer> =>
  zstdFrame({
    descriptor: 0xe0,
    fields: u64(lengthBytes),
    blocks: rleBlocks(byte, lengthBytes),
  })

export const compressibleText = 'The same words come again and again: '.repeat(20)

/** What zstd 1.5 makes of `compressibleText` on level 3. */
export const compressedText =
  fromHex(
    '28b52ffd60e4014d0100f85468652073616d6520776f72647320636f6d6520616761696e20616e643a200200bc90aab80ec509',
  ) ?? new Uint8Array(0)
