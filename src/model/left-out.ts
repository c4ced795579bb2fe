/** What a run could not read: items of the manifest, and pages of further ones (docs/format.md 9). */

import { BackupError } from '../base/errors.ts'
import { bufferOf } from '../base/bytes.ts'
import type { CborValue } from './cbor.ts'
import { asArray, asBytes, asText, asUint, decodeCbor, encodeCbor } from './cbor.ts'
import { CborWriter } from './cbor-writer.ts'
import type { ChunkReference } from './ids.ts'
import {
  maxInlineLeftOut,
  maxLeftOutDetailBytes,
  maxLeftOutPageBytes,
  maxLeftOutPathBytes,
} from './limits.ts'

export const leftOutReasons = [
  'vanished',
  'unreadable',
  'changed',
  'missing-path',
  'empty-path',
  'attributes',
  'unsupported',
  'name',
] as const
export type LeftOutReason = (typeof leftOutReasons)[number]

/** What the point holds in its place: nothing, the earlier point's state, or what could be read. */
export const keptStates = ['nothing', 'earlier', 'read'] as const
export type KeptState = (typeof keptStates)[number]

export interface LeftOutItem {
  /** Full path, 1 to 16,384 bytes; a longer one is cut off as it is added. */
  readonly path: Uint8Array
  readonly reason: LeftOutReason
  /** For people, up to 1,024 bytes; a longer one is cut off as it is added. */
  readonly detail: string
  readonly kept: KeptState
}

/** What a manifest says of them. */
export interface LeftOutList {
  readonly leftOutCount: number
  /** The first 1,000. */
  readonly leftOut: readonly LeftOutItem[]
  /** Pages of the others: chunks of type 4. */
  readonly leftOutPages: readonly ChunkReference[]
}

export interface LeftOutWriter {
  readonly add: (item: LeftOutItem) => void
  readonly finish: () => LeftOutList
}

/** Gathers items; `emit` takes each full page of those after the first 1,000 and names it. */
export function createLeftOutWriter(emit: (page: Uint8Array) => ChunkReference): LeftOutWriter {
  const leftOut: LeftOutItem[] = []
  const leftOutPages: ChunkReference[] = []
  let open: Uint8Array[] = []
  let openBytes = pageHeadBytes
  let leftOutCount = 0

  const close = () => {
    leftOutPages.push(emit(encodePage(open)))
    open = []
    openBytes = pageHeadBytes
  }
  return {
    add: (item) => {
      leftOutCount++
      if (leftOut.length < maxInlineLeftOut) {
        leftOut.push(cutToLimits(item))
        return
      }
      const bytes = encodeCbor(leftOutToCbor(cutToLimits(item)))
      if (openBytes + bytes.length > maxLeftOutPageBytes) close()
      open.push(bytes)
      openBytes += bytes.length
    },
    finish: () => {
      if (open.length > 0) close()
      return { leftOutCount, leftOut, leftOutPages }
    },
  }
}

/** All items, those of the pages too. `load` gives the plaintext of a chunk of type 4, its id checked. */
export async function* readLeftOut(
  list: LeftOutList,
  load: (reference: ChunkReference) => Promise<Uint8Array>,
): AsyncGenerator<LeftOutItem, void, undefined> {
  let count = list.leftOut.length
  yield* list.leftOut
  for (const reference of list.leftOutPages) {
    const items = decodeLeftOutPage(await load(reference))
    count += items.length
    yield* items
  }
  if (count !== list.leftOutCount) throw malformed('their number is wrong')
}

/** Decodes one page, strictly. */
export function decodeLeftOutPage(bytes: Uint8Array): LeftOutItem[] {
  if (bytes.length > maxLeftOutPageBytes) throw malformed('a page is too large')
  const items = asArray(decodeCbor(bytes), 'a page of left-out items')
  if (items.length === 0) throw malformed('a page is empty')
  return items.map(leftOutFromCbor)
}

export function leftOutToCbor(item: LeftOutItem): CborValue {
  checkLimits(item)
  return [item.path, item.reason, item.detail, keptStates.indexOf(item.kept)]
}

export function leftOutFromCbor(value: CborValue): LeftOutItem {
  const fields = asArray(value, 'a left-out item', 4)
  const reason = leftOutReasons.find((known) => known === fields[1])
  const kept = keptStates[asUint(fields[3], 'the kept state of a left-out item')]
  if (reason === undefined || kept === undefined) throw malformed('a reason or state is unknown')
  const path = asBytes(fields[0], 'the path of a left-out item')
  const detail = asText(fields[2], 'the detail of a left-out item')
  const item = { path, reason, detail, kept }
  checkLimits(item)
  return item
}

function checkLimits({ path, detail }: LeftOutItem): void {
  if (path.length < 1 || path.length > maxLeftOutPathBytes) {
    throw malformed('a path is outside the limits')
  }
  if (Buffer.byteLength(detail) > maxLeftOutDetailBytes) throw malformed('a detail is too long')
}

const cutToLimits = (item: LeftOutItem): LeftOutItem => ({
  ...item,
  path: item.path.subarray(0, maxLeftOutPathBytes),
  detail: cutText(item.detail, maxLeftOutDetailBytes),
})

/** At most so many bytes of UTF-8, whole characters. */
function cutText(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text, 'utf8')
  let end = Math.min(bytes.length, mostBytes)
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bufferOf(bytes.subarray(0, end)).toString('utf8')
}

/** An array's head is at most 5 bytes here. */
const pageHeadBytes = 5

const writer = new CborWriter()

function encodePage(items: readonly Uint8Array[]): Uint8Array {
  writer.reset()
  writer.array(items.length)
  for (const item of items) writer.raw(item)
  return writer.take()
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not left-out items of this format: ${why}.`)
