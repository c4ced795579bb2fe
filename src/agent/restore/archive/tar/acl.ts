/** POSIX ACLs as archives hold them: the text form with numbers for users and groups, one line, commas between. */

import { readU32, viewOf } from '../../../../base/bytes.ts'

/** The tags of Linux's attribute `system.posix_acl_*` that name nobody, and those that a number follows. */
const tags: Readonly<Record<number, { readonly word: string; readonly named: boolean }>> = {
  0x01: { word: 'user', named: false },
  0x02: { word: 'user', named: true },
  0x04: { word: 'group', named: false },
  0x08: { word: 'group', named: true },
  0x10: { word: 'mask', named: false },
  0x20: { word: 'other', named: false },
}

const version = 2
const headBytes = 4
const entryBytes = 8

/** The text of an attribute's value; undefined for what is no ACL of this version. */
export function aclText(value: Uint8Array): string | undefined {
  const isWhole = value.length > headBytes && (value.length - headBytes) % entryBytes === 0
  if (!isWhole || readU32(value, 0) !== version) return undefined
  const entries: string[] = []
  for (let at = headBytes; at < value.length; at += entryBytes) {
    const text = entryText(value.subarray(at, at + entryBytes))
    if (text === undefined) return undefined
    entries.push(text)
  }
  return entries.join(',')
}

function entryText(bytes: Uint8Array): string | undefined {
  const view = viewOf(bytes)
  const tag = tags[view.getUint16(0, true)]
  const rights = view.getUint16(2, true)
  if (tag === undefined || rights > 7) return undefined
  const who = tag.named ? String(view.getUint32(4, true)) : ''
  return `${tag.word}:${who}:${rightsText(rights)}`
}

const rightsText = (rights: number): string =>
  `${(rights & 4) === 0 ? '-' : 'r'}${(rights & 2) === 0 ? '-' : 'w'}${(rights & 1) === 0 ? '-' : 'x'}`
