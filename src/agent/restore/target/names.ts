/**
 * Names that a target can not hold, and what they become there; `originalName` leads back. Bytes that can not stand in a
 * name are written as `%HH`, a name that the target would take for another one gets `%~1~` before it. A `%` that could be
 * mistaken for either is written as `%25`; every other name stays as it is.
 */

import { isUtf8 } from 'node:buffer'
import { bufferOf, concatBytes, utf8 } from '../../../base/bytes.ts'

/**
 * `bytes`: any. `zip`: UTF-8 only, and nothing that its readers take for a path of its own. `unicode`: UTF-8 only, case and
 * normalization do not tell names apart. `windows`: fewer.
 */
export type NameRules = 'bytes' | 'zip' | 'unicode' | 'windows'

/** Of file systems by the number that statfs gives, Linux's names. */
const windowsTypes: ReadonlySet<number> = new Set([
  0x4d44, // FAT
  0x2011bab0, // exFAT
  0x5346544e, // NTFS
  0x7366746e, // NTFS 3
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
])

export function nameRulesFor(platform: NodeJS.Platform, fileSystemType: number): NameRules {
  if (platform === 'win32') return 'windows'
  if (windowsTypes.has(fileSystemType >>> 0)) return 'windows'
  return platform === 'darwin' ? 'unicode' : 'bytes'
}

/** What the name becomes: itself, where it can be held. */
export function heldName(name: Uint8Array, rules: NameRules): Uint8Array {
  if (rules === 'bytes') return name
  const text = bufferOf(name).toString('latin1')
  const escaped = escapedPlaces(name, rules)
  let held = ''
  for (let at = 0; at < text.length; at++) {
    held += escaped.has(at) ? hexOf(name[at] ?? 0) : (text[at] ?? '')
  }
  return held === text ? name : Buffer.from(held, 'latin1')
}

/** The name once more, where the target takes it for one that is there: the first is number 1. */
export const numberedName = (held: Uint8Array, number: number): Uint8Array =>
  concatBytes(utf8(`%~${number}~`), held)

/** The name that became this one. */
export function originalName(held: Uint8Array): Uint8Array {
  const text = bufferOf(held)
    .toString('latin1')
    .replace(/^%~\d+~/, '')
  const back = text.replace(written, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)))
  return Buffer.from(back, 'latin1')
}

/**
 * What `heldName` writes, and nothing else: first letters of devices, what no name of Windows has, what is no UTF-8,
 * `%` itself, and ends of names.
 */
const written =
  /^%(?:4[13CE]|50|6[13CE]|70)|%(?:[01][0-9A-F]|2[25A]|3[ACEF]|5C|7C|[89A-F][0-9A-F])|%2[0E]$/g

/** Names with equal keys may be one name to the target. */
export const nameKey = (held: Uint8Array, rules: NameRules): string =>
  rules === 'bytes' || rules === 'zip' ? bufferOf(held).toString('latin1') : foldedName(held)

/** More than the target itself would take for equal. */
export const foldedName = (held: Uint8Array): string =>
  bufferOf(held).toString('utf8').normalize('NFD').toUpperCase().toLowerCase().normalize('NFC')

function escapedPlaces(name: Uint8Array, rules: NameRules): ReadonlySet<number> {
  const text = bufferOf(name).toString('latin1')
  const places = new Set<number>()
  const add = (pattern: RegExp) => {
    for (const match of text.matchAll(pattern)) places.add(match.index)
  }
  add(written)
  add(/^%(?=~\d+~)/g)
  if (!isUtf8(name)) add(/[\x80-\xff]/g)
  if (rules === 'zip') add(/\\|(?<=^[A-Za-z]):/g)
  if (rules === 'windows') {
    add(/[^\x20-\xff]|["*:<>?\\|]/g)
    add(/[. ]$/g)
    if (isDeviceName(text)) places.add(0)
  }
  return places
}

/** What Windows takes for a device, whatever follows the first dot. */
const isDeviceName = (latin1: string): boolean =>
  /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)([0-9]|\xc2[\xb9\xb2\xb3])) *(\.|:|$)/i.test(latin1)

const hexOf = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
