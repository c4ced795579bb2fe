/** zstd, within the bounds of the format: one frame, its size stated, no dictionary, no checksum, a window of at most 8 MiB. */

import binding from 'zstd-napi/binding.js'
import { BackupError } from '../base/errors.ts'
import { isWorthCompressing, type Codec } from '../model/pack.ts'
import { checkZstdFrame } from '../model/zstd-frame.ts'

export const compressorName = 'zstd'
export const compressorVersion: string = binding.versionString()
export const defaultLevel = 3

const maxWindowLog = 23

export interface CompressedSegment {
  readonly codec: Codec
  readonly content: Uint8Array
}

export interface SegmentCompressor {
  readonly level: number
  /** The raw bytes themselves where compression saves less than 3 %. The content is of use until the next call. */
  compress(raw: Uint8Array): CompressedSegment
}

export function createCompressor(level = defaultLevel): SegmentCompressor {
  const { CParameter } = binding
  const context = new binding.CCtx()
  context.setParameter(CParameter.compressionLevel, level)
  context.setParameter(CParameter.contentSizeFlag, 1)
  context.setParameter(CParameter.checksumFlag, 0)
  if (level > 19) context.setParameter(CParameter.windowLog, maxWindowLog)
  // One for all calls: a new one for each would be memory that nothing but the collector gives back.
  let scratch = new Uint8Array(0)
  return {
    level,
    compress: (raw) => {
      const mostBytes = binding.compressBound(raw.length)
      if (scratch.length < mostBytes) scratch = new Uint8Array(mostBytes)
      const storedBytes = context.compress2(scratch, raw)
      return isWorthCompressing(raw.length, storedBytes)
        ? { codec: 1, content: scratch.subarray(0, storedBytes) }
        : { codec: 0, content: raw }
    },
  }
}

const decompressor = new binding.DCtx()

/** Exactly `rawBytes` bytes, allocated once. @throws BackupError `malformed` for any other frame. */
export function decompress(frame: Uint8Array, rawBytes: number): Uint8Array<ArrayBuffer> {
  checkZstdFrame(frame, rawBytes)
  const raw = new Uint8Array(rawBytes)
  try {
    if (
      binding.findFrameCompressedSize(frame) === frame.length &&
      decompressor.decompress(raw, frame) === rawBytes
    ) {
      return raw
    }
  } catch (error) {
    throw malformed(error)
  }
  throw malformed()
}

const malformed = (cause?: unknown): BackupError =>
  new BackupError('malformed', 'A segment is not one zstd frame of the stated size.', { cause })
