/** zstd, within the bounds of the format: one frame, its size stated, no dictionary, no checksum, a window of at most 8 MiB. */

import { Compressor } from 'zstd-napi'
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
  /** The raw bytes themselves where compression saves less than 3 %. */
  compress(raw: Uint8Array): CompressedSegment
}

export function createCompressor(level = defaultLevel): SegmentCompressor {
  const compressor = new Compressor()
  const parameters = { compressionLevel: level, contentSizeFlag: true, checksumFlag: false }
  compressor.setParameters(level > 19 ? { ...parameters, windowLog: maxWindowLog } : parameters)
  return {
    level,
    compress: (raw) => {
      const content = compressor.compress(raw)
      return isWorthCompressing(raw.length, content.length)
        ? { codec: 1, content }
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
