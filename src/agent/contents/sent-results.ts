/**
 * Results as they come from a thread: of most files there is nothing to say but numbers and chunks, and numbers in one piece
 * of memory cross over in a fraction of the time that objects take.
 */

import { decodeChunkReferences, encodeChunkReferences } from '../../model/ids.ts'
import { maxChunkBytes } from '../../model/limits.ts'
import type { FileFacts } from '../source/facts.ts'
import type { FileRead, JobResult, SentResults } from './messages.ts'

type FileResult = JobResult & { readonly kind: 'file' }

/** Nothing about it needs words. */
const isPlain = (result: JobResult): result is FileResult =>
  result.kind === 'file' &&
  result.file.attributes.length === 0 &&
  result.file.attributeFailures.length === 0 &&
  result.file.facts.kind === 'file'

export function sentResults(results: readonly JobResult[]): SentResults {
  const plain = results.filter(isPlain)
  const numbers = new BigInt64Array(plain.length * numbersAFile)
  plain.forEach((result, at) => {
    writeNumbers(result, numbers.subarray(at * numbersAFile, (at + 1) * numbersAFile))
  })
  return {
    numbers,
    chunks: encodeChunkReferences(plain.flatMap(({ file }) => file.chunks)),
    others: results.filter((result) => !isPlain(result)),
  }
}

export function resultsSent({ numbers, chunks, others }: SentResults): JobResult[] {
  const references = decodeChunkReferences(chunks, maxChunkBytes)
  const results = [...others]
  let chunk = 0
  for (let from = 0; from < numbers.length; from += numbersAFile) {
    const read = (field: number): bigint => numbers[from + field] ?? 0n
    const end = chunk + Number(read(1))
    const file = fileOf(read, references.slice(chunk, end))
    results.push({ kind: 'file', number: Number(read(0)), file })
    chunk = end
  }
  return results
}

const numbersAFile = 14
const holes = 1n
const changed = 2n
/** Of what the system does not have. */
const none = -1n

function writeNumbers({ number, file }: FileResult, into: BigInt64Array): void {
  const { facts } = file
  into[0] = BigInt(number)
  into[1] = BigInt(file.chunks.length)
  into[2] = BigInt(file.sizeBytes)
  into[3] = (file.hasHoles ? holes : 0n) | (file.changed ? changed : 0n)
  into[4] = BigInt(facts.sizeBytes)
  into[5] = facts.mtimeNs
  into[6] = facts.ctimeNs
  into[7] = facts.btimeNs ?? 0n
  into[8] = facts.mode === undefined ? none : BigInt(facts.mode)
  into[9] = facts.uid === undefined ? none : BigInt(facts.uid)
  into[10] = facts.gid === undefined ? none : BigInt(facts.gid)
  into[11] = facts.inode
  into[12] = facts.deviceId
  into[13] = BigInt(facts.links)
}

function fileOf(read: (field: number) => bigint, chunks: FileRead['chunks']): FileRead {
  return {
    chunks,
    sizeBytes: Number(read(2)),
    facts: factsOf(read),
    hasHoles: (read(3) & holes) !== 0n,
    changed: (read(3) & changed) !== 0n,
    attributes: [],
    attributeFailures: [],
  }
}

function factsOf(read: (field: number) => bigint): FileFacts {
  const orNone = (field: number) => (read(field) === none ? undefined : Number(read(field)))
  const btimeNs = read(7)
  return {
    kind: 'file',
    sizeBytes: Number(read(4)),
    mtimeNs: read(5),
    ctimeNs: read(6),
    // A time of birth is never 0.
    btimeNs: btimeNs === 0n ? undefined : btimeNs,
    mode: orNone(8),
    uid: orNone(9),
    gid: orNone(10),
    inode: BigInt.asUintN(64, read(11)),
    deviceId: BigInt.asUintN(64, read(12)),
    links: Number(read(13)),
    device: undefined,
  }
}
