/** Extended attributes as records that GNU tar and libarchive both read, and what neither would give back as it was. */

import { ascii, bufferOf, concatBytes, equalBytes, utf8 } from '../../../../base/bytes.ts'
import type { Attribute } from '../../../../model/entry.ts'
import { aclText } from './acl.ts'
import { refused } from '../refused.ts'
import { paxRecord, type PaxRecord } from './pax.ts'

/** @throws BackupError `target-refused` for what an archive can not hold */
export function attributeRecord({ name }: Attribute, value: Uint8Array): PaxRecord {
  const acl = aclKeyword(name)
  if (acl === undefined) return { keyword: xattrKeyword(name), value }
  const text = aclText(value)
  if (text === undefined) throw refused('This access control list is not of a form that tar knows.')
  return paxRecord(acl, text)
}

const aclKeyword = (name: Uint8Array): string | undefined =>
  acls.find((acl) => equalBytes(acl.name, name))?.keyword

const acls = [
  { name: utf8('system.posix_acl_access'), keyword: 'SCHILY.acl.access' },
  { name: utf8('system.posix_acl_default'), keyword: 'SCHILY.acl.default' },
]

/** A keyword ends at the first `=`. GNU tar has a spelling for it in names, which libarchive takes by the letter. */
function xattrKeyword(name: Uint8Array): Uint8Array {
  if (/=|%3d|%25/i.test(bufferOf(name).toString('latin1'))) {
    throw refused('A tar archive can not hold an attribute of this name.')
  }
  return concatBytes(ascii('SCHILY.xattr.'), name)
}
