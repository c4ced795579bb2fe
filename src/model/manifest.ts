/** The payload of a point's manifest (docs/format.md 9). */

import { BackupError } from '../base/errors.ts'
import { compareBytes, concatBytes, u32, u8, utf8 } from '../base/bytes.ts'
import type { CborMap, CborValue, Fields } from './cbor.ts'
import { asArray, asBytes, asText, asUint, decodeCbor, encodeCbor, fieldsOf } from './cbor.ts'
import type { DirectoryEntry } from './entry.ts'
import { decodeRootEntry, encodeRootEntry } from './entry-codec.ts'
import type { ChunkId, ChunkReference, ObjectId } from './ids.ts'
import {
  chunkIdOf,
  decodeChunkReferences,
  encodeChunkReferences,
  idBytes,
  objectIdOf,
} from './ids.ts'
import type { LeftOutList } from './left-out.ts'
import { leftOutFromCbor, leftOutToCbor } from './left-out.ts'
import {
  maxInlineLeftOut,
  maxLeftOutPageBytes,
  maxManifestBytes,
  maxManifestTextBytes,
  maxTargetBytes,
} from './limits.ts'

export interface Manifest extends LeftOutList {
  readonly root: DirectoryEntry
  /** Together they place every chunk of the point; ascending by kind (data first), first chunk, id. */
  readonly indexes: readonly IndexReference[]
  readonly configNumber: number
  readonly capture: CaptureFingerprint
  readonly selection: Selection
  readonly statistics: PointStatistics
  /** Ascending by number. */
  readonly users: readonly OwnerName[]
  /** Ascending by number. */
  readonly groups: readonly OwnerName[]
  readonly hostName: string
  readonly agentVersion: string
  readonly system: SystemName
  readonly startedMs: number
  readonly endedMs: number
}

export interface IndexReference {
  /** Of the packs that it describes. */
  readonly kind: 'data' | 'tree'
  readonly firstChunk: ChunkId
  readonly id: ObjectId
}

/** What shapes entries: trees are taken over only from a point with an equal one. */
export interface CaptureFingerprint {
  readonly version: number
  /** Kinds of metadata that were read, ascending. */
  readonly kinds: readonly string[]
}

/** Paths and patterns in the user's order. */
export interface Selection {
  readonly include: readonly Uint8Array[]
  readonly exclude: readonly string[]
}

export interface PointStatistics {
  readonly files: number
  readonly directories: number
  readonly others: number
  readonly fileBytes: number
}

/** A name as the system gives it, 1 to 4,096 bytes. */
export interface OwnerName {
  readonly id: number
  readonly name: Uint8Array
}

export const systemNames = ['linux', 'darwin', 'win32'] as const
export type SystemName = (typeof systemNames)[number]

/** @throws BackupError `malformed` where `decodeManifest` would refuse the result. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  checkManifest(manifest)
  const payload = encodeCbor(manifestToCbor(manifest))
  if (payload.length > maxManifestBytes) throw malformed('it is too large')
  return payload
}

/** Decodes a payload, strictly. Its byte strings share memory with `payload`. */
export function decodeManifest(payload: Uint8Array): Manifest {
  if (payload.length > maxManifestBytes) throw malformed('it is too large')
  const fields = fieldsOf(decodeCbor(payload), 'a manifest')
  const manifest = readManifest(fields)
  fields.finish()
  checkManifest(manifest)
  return manifest
}

const manifestToCbor = (manifest: Manifest): CborMap =>
  new Map<number, CborValue>([
    [0, decodeCbor(encodeRootEntry(manifest.root))],
    [1, manifest.indexes.map(indexToCbor)],
    [2, manifest.configNumber],
    [3, mapOf(manifest.capture.version, manifest.capture.kinds)],
    [4, mapOf(manifest.selection.include, manifest.selection.exclude)],
    [5, statisticsToCbor(manifest.statistics)],
    [6, manifest.leftOutCount],
    [7, manifest.leftOut.map(leftOutToCbor)],
    ...(manifest.leftOutPages.length > 0
      ? [[8, encodeChunkReferences(manifest.leftOutPages)] as const]
      : []),
    [9, manifest.users.map(({ id, name }) => [id, name])],
    [10, manifest.groups.map(({ id, name }) => [id, name])],
    [11, manifest.hostName],
    [12, manifest.agentVersion],
    [13, manifest.system],
    [14, manifest.startedMs],
    [15, manifest.endedMs],
  ])

const mapOf = (...values: readonly CborValue[]): CborMap => new Map(values.entries())

const indexToCbor = ({ kind, firstChunk, id }: IndexReference): CborValue => [
  codeOf[kind],
  idBytes(firstChunk),
  idBytes(id),
]

const statisticsToCbor = (statistics: PointStatistics): CborMap =>
  mapOf(statistics.files, statistics.directories, statistics.others, statistics.fileBytes)

const readManifest = (fields: Fields): Manifest => ({
  root: decodeRootEntry(encodeCbor(fields.map(0))),
  indexes: fields.array(1).map(indexFromCbor),
  configNumber: fields.uint(2),
  capture: readCapture(fields.map(3)),
  selection: readSelection(fields.map(4)),
  statistics: readStatistics(fields.map(5)),
  leftOutCount: fields.uint(6),
  leftOut: fields.array(7).map(leftOutFromCbor),
  leftOutPages: fields.has(8) ? readPages(fields.bytes(8)) : [],
  users: fields.array(9).map(ownerFromCbor),
  groups: fields.array(10).map(ownerFromCbor),
  hostName: fields.text(11),
  agentVersion: fields.text(12),
  system: systemFrom(fields.text(13)),
  startedMs: fields.uint(14),
  endedMs: fields.uint(15),
})

function readPages(bytes: Uint8Array): ChunkReference[] {
  if (bytes.length === 0) throw malformed('its list of pages is empty')
  return decodeChunkReferences(bytes, maxLeftOutPageBytes)
}

function indexFromCbor(value: CborValue): IndexReference {
  const [code, firstChunk, id] = asArray(value, 'an index reference', 3)
  if (code !== codeOf.data && code !== codeOf.tree)
    throw malformed('the kind of an index is unknown')
  return {
    kind: code === codeOf.data ? 'data' : 'tree',
    firstChunk: chunkIdOf(asBytes(firstChunk, 'the first chunk of an index')),
    id: objectIdOf(asBytes(id, 'the id of an index')),
  }
}

function readCapture(value: CborValue): CaptureFingerprint {
  const fields = fieldsOf(value, 'a capture fingerprint')
  const kinds = fields.array(1).map((kind) => asText(kind, 'a kind of metadata'))
  const capture = { version: fields.uint(0), kinds }
  fields.finish()
  return capture
}

function readSelection(value: CborValue): Selection {
  const fields = fieldsOf(value, 'a selection')
  const selection = {
    include: fields.array(0).map((path) => asBytes(path, 'an include path')),
    exclude: fields.array(1).map((pattern) => asText(pattern, 'an exclude pattern')),
  }
  fields.finish()
  return selection
}

function readStatistics(value: CborValue): PointStatistics {
  const fields = fieldsOf(value, 'the statistics')
  const statistics = {
    files: fields.uint(0),
    directories: fields.uint(1),
    others: fields.uint(2),
    fileBytes: fields.uint(3),
  }
  fields.finish()
  return statistics
}

function ownerFromCbor(value: CborValue): OwnerName {
  const [id, name] = asArray(value, 'an owner', 2)
  return { id: asUint(id, 'the number of an owner'), name: asBytes(name, 'the name of an owner') }
}

function systemFrom(text: string): SystemName {
  const system = systemNames.find((name) => name === text)
  if (system === undefined) throw malformed('its system is unknown')
  return system
}

const codeOf = { data: 1, tree: 2 } as const

/** What the kinds of the fields do not show; writer and reader hold to it. */
function checkManifest(manifest: Manifest): void {
  const { capture, selection, users, groups } = manifest
  checkAscending('its indexes', manifest.indexes.map(indexKey))
  checkAscending('its kinds of metadata', capture.kinds.map(utf8))
  checkAscending('its users', users.map(ownerKey))
  checkAscending('its groups', groups.map(ownerKey))
  for (const { name } of [...users, ...groups]) checkBytes(name, 1, maxManifestTextBytes)
  for (const path of selection.include) checkBytes(path, 1, maxTargetBytes)
  for (const text of [...capture.kinds, ...selection.exclude]) checkText(text)
  checkText(manifest.hostName)
  checkText(manifest.agentVersion)
  checkLeftOut(manifest)
}

function checkLeftOut({ leftOutCount, leftOut, leftOutPages }: LeftOutList): void {
  const inline = Math.min(leftOutCount, maxInlineLeftOut)
  if (leftOut.length !== inline || leftOutPages.length > 0 !== leftOutCount > inline) {
    throw malformed('the number of its left-out items is wrong')
  }
}

/** Bytes whose order is that of indexes. */
const indexKey = ({ kind, firstChunk, id }: IndexReference): Uint8Array =>
  concatBytes(u8(codeOf[kind]), idBytes(firstChunk), idBytes(id))

function ownerKey({ id }: OwnerName): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff)
    throw malformed('a number of an owner is too large')
  return u32(id).reverse()
}

function checkAscending(what: string, keys: readonly Uint8Array[]): void {
  keys.forEach((key, index) => {
    const before = keys[index - 1]
    if (before !== undefined && compareBytes(before, key) >= 0)
      throw malformed(`${what} are not in order`)
  })
}

const checkText = (text: string): void => checkBytes(utf8(text), 0, maxManifestTextBytes)

function checkBytes(bytes: Uint8Array, least: number, most: number): void {
  if (bytes.length < least || bytes.length > most) throw malformed('a text is outside the limits')
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a manifest of this format: ${why}.`)
