/** Extended headers of the pax format: values of any bytes and any length, which tar-stream takes as UTF-8 text only. */

import { ascii, concatBytes, joinBytes } from '../../../../base/bytes.ts'

export interface PaxRecord {
  readonly keyword: Uint8Array
  readonly value: Uint8Array
}

export const blockBytes = 512

/** Libarchive takes no longer record, and of a header above 1 MiB it gives up the whole archive. */
export const maxPaxBytes = 999_999

export const paddedBytes = (lengthBytes: number): number =>
  Math.ceil(lengthBytes / blockBytes) * blockBytes

export const paxRecord = (keyword: string, value: Uint8Array | string): PaxRecord => ({
  keyword: ascii(keyword),
  value: typeof value === 'string' ? ascii(value) : value,
})

/** The bytes of a record: its own length in decimal, the keyword and the value. */
export function recordBytes({ keyword, value }: PaxRecord): number {
  const rest = keyword.length + value.length + 3
  const guess = rest + String(rest).length
  return rest + String(guess).length
}

/** What stands before the header of the entry that it describes: a header of its own, and the records. */
export function paxHeader(records: readonly PaxRecord[]): Uint8Array {
  const body = joinBytes(records.map(encodeRecord))
  const padding = new Uint8Array(paddedBytes(body.length) - body.length)
  return concatBytes(ownHeader(body.length), body, padding)
}

const encodeRecord = (record: PaxRecord): Uint8Array =>
  concatBytes(
    ascii(`${recordBytes(record)} `),
    record.keyword,
    ascii('='),
    record.value,
    ascii('\n'),
  )

/** The fields of a ustar header that an extended header needs; the rest is zero. */
function ownHeader(sizeBytes: number): Uint8Array {
  const header = new Uint8Array(blockBytes)
  const put = (at: number, text: string) => {
    header.set(ascii(text), at)
  }
  put(0, 'PaxHeader')
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  put(124, `${sizeBytes.toString(8).padStart(11, '0')}\0`)
  put(136, '00000000000\0')
  put(148, '        ')
  put(156, 'x')
  put(257, 'ustar\x0000')
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `)
  return header
}
