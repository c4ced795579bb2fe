/**
 * An entry of a point as headers of an archive. The plain header holds what fits and is understood by every reader; the
 * extended one holds everything that is exact, because tar-stream writes some of it wrongly in silence.
 */

import { isUtf8 } from 'node:buffer'
import type { Header } from 'tar-stream'
import { ascii, bufferOf, concatBytes, toHex } from '../../../../base/bytes.ts'
import { sha256 } from '../../../../base/hash.ts'
import type { DirectoryItem, LeafItem } from '../../plan.ts'
import { refused } from '../refused.ts'
import { paxRecord, type PaxRecord } from './pax.ts'
import type { Place } from '../../target/target.ts'

/** What tar-stream writes. */
export type PlainHeader = Readonly<Partial<Header> & Pick<Header, 'name' | 'type' | 'size'>>

export interface TarHeader {
  readonly plain: PlainHeader
  readonly records: readonly PaxRecord[]
}

/** The names of users and groups by number. */
export interface TarOwners {
  readonly users: ReadonlyMap<number, Uint8Array>
  readonly groups: ReadonlyMap<number, Uint8Array>
}

/** `linkedTo`: the place of the same file's name that is in the archive already. */
export function tarHeader(
  item: DirectoryItem | LeafItem,
  owners: TarOwners,
  linkedTo?: Place,
): TarHeader {
  const { entry } = item
  const kind = linkedTo === undefined ? kindOf(item) : linkKind(linkedTo)
  const path = archivePath(item.place, entry.type === 'directory')
  const sizeBytes = kind.type === 'file' && entry.type === 'file' ? entry.sizeBytes : 0
  const names = {
    path: isPlain(path) ? undefined : path,
    linkpath: kind.target === undefined || isPlain(kind.target) ? undefined : kind.target,
    uname: entry.uid === undefined ? undefined : owners.users.get(entry.uid),
    gname: entry.gid === undefined ? undefined : owners.groups.get(entry.gid),
  }
  return {
    plain: {
      name: plainText(path),
      ...(kind.target !== undefined && { linkname: plainText(kind.target) }),
      type: kind.type,
      // The bit that the header leaves out anyway keeps tar-stream from taking 0 for "not given".
      mode: 0o10000 | (entry.mode ?? usualMode(entry.type)),
      uid: Math.min(entry.uid ?? 0, mostInHeader),
      gid: Math.min(entry.gid ?? 0, mostInHeader),
      size: sizeBytes,
      mtime: headerTime(entry.mtimeNs),
      ...kind.device,
    },
    records: [
      ...textRecords(names),
      ...(sizeBytes > mostSizeInHeader ? [paxRecord('size', String(sizeBytes))] : []),
      ...(entry.uid === undefined ? [] : [paxRecord('uid', String(entry.uid))]),
      ...(entry.gid === undefined ? [] : [paxRecord('gid', String(entry.gid))]),
      paxRecord('mtime', timeText(entry.mtimeNs)),
    ],
  }
}

interface Kind {
  readonly type: Header['type']
  readonly target?: Uint8Array
  readonly device?: { readonly devmajor: number; readonly devminor: number }
}

const linkKind = (place: Place): Kind => ({ type: 'link', target: archivePath(place, false) })

function kindOf({ entry }: DirectoryItem | LeafItem): Kind {
  switch (entry.type) {
    case 'file':
    case 'directory':
    case 'fifo':
      return { type: entry.type }
    case 'symlink':
      return { type: 'symlink', target: entry.target }
    case 'socket':
      throw refused('A tar archive can not hold a socket.')
    case 'block':
    case 'char': {
      const { major, minor } = entry.device
      if (Math.max(major, minor) > mostDeviceInHeader) {
        throw refused(`A tar archive can not hold the device ${major}:${minor}.`)
      }
      const type = entry.type === 'block' ? 'block-device' : 'character-device'
      return { type, device: { devmajor: major, devminor: minor } }
    }
  }
}

const mostInHeader = 0o777777
const mostDeviceInHeader = 0o777777
const mostSizeInHeader = 0o77777777777

const usualMode = (type: string): number => (type === 'directory' ? 0o755 : 0o644)

/** Relative, so that readers neither warn nor strip; `./` is the directory that is extracted into. */
const archivePath = (place: Place, isDirectory: boolean): Uint8Array => {
  const parts = place.flatMap((name, at) => (at === 0 ? [name] : [ascii('/'), name]))
  if (place.length === 0) parts.push(ascii('.'))
  return concatBytes(...parts, ascii(isDirectory ? '/' : ''))
}

const plainBytes = 100

const isPlain = (text: Uint8Array): boolean =>
  text.length <= plainBytes && text.every((byte) => byte < 0x80)

/** A reader without extended headers at least does not write one file over the other. */
const plainText = (text: Uint8Array): string =>
  isPlain(text) ? bufferOf(text).toString('latin1') : `long-name-${toHex(sha256(text))}`

const headerTime = (timeNs: bigint): Date => {
  const seconds = timeNs / 1_000_000_000n
  const most = 0x7fff_ffffn
  return new Date(Number(seconds < 0n ? 0n : seconds > most ? most : seconds) * 1000)
}

/** Seconds with all their decimals. */
function timeText(timeNs: bigint): string {
  const [sign, ns] = timeNs < 0n ? ['-', -timeNs] : ['', timeNs]
  const decimals = (ns % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${ns / 1_000_000_000n}${decimals === '' ? '' : `.${decimals}`}`
}

/** Extended headers are UTF-8 unless they say otherwise; GNU tar takes bytes as they are. */
function textRecords(texts: Readonly<Record<string, Uint8Array | undefined>>): PaxRecord[] {
  const records = Object.entries(texts).flatMap(([keyword, value]) =>
    value === undefined ? [] : [paxRecord(keyword, value)],
  )
  const isText = records.every(({ value }) => isUtf8(value))
  return isText ? records : [paxRecord('hdrcharset', 'BINARY'), ...records]
}
