/** A file as it is sent to a thread, and back to what is restored there. */

import { bufferOf } from '../../../base/bytes.ts'
import { noFlags, type Attribute } from '../../../model/entry.ts'
import type { FileContext } from '../context.ts'
import type { FileItem } from '../file-item.ts'
import type { Place } from '../target/target.ts'
import type { FileJob } from './messages.ts'

/** Undefined where values of attributes have to be fetched. */
export function fileJobOf(
  { entry, place, naming }: FileItem,
  temporary: Uint8Array,
  { attributes }: Pick<FileContext, 'attributes'>,
): FileJob | undefined {
  const { uid, gid, xattrs } = entry
  if (xattrs?.some((attribute) => 'content' in attribute) === true) return undefined
  const hasOwner = uid !== undefined && gid !== undefined
  const owner = hasOwner ? attributes.ownerOf(uid, gid) : { uid, gid }
  return {
    directory: place.slice(0, -1).map(withSlash).join(''),
    temporary: textOf(temporary),
    name: textOf(naming.name),
    replaces: naming.replaces,
    sizeBytes: entry.sizeBytes,
    mtimeNs: entry.mtimeNs,
    mode: entry.mode,
    ...owner,
    hasOtherNames: entry.links !== undefined,
    isSparse: entry.flags.sparse === true,
    xattrs: xattrs?.map(withOwnMemory),
  }
}

/** A view of a page would take the whole page along. */
const withOwnMemory = (attribute: Attribute): Attribute =>
  'value' in attribute
    ? { name: Uint8Array.from(attribute.name), value: Uint8Array.from(attribute.value) }
    : attribute

export function itemOfJob(job: FileJob): FileItem {
  const { sizeBytes, mtimeNs, mode, uid, gid, xattrs } = job
  const name = bytesOf(job.name)
  const flags = job.isSparse ? { ...noFlags, sparse: true as const } : noFlags
  const links = job.hasOtherNames ? 2 : undefined
  const entry = { name, sizeBytes, mtimeNs, mode, uid, gid, xattrs, flags, links }
  return {
    kind: 'leaf',
    entry: { type: 'file', ...entry },
    place: [...placeOf(job.directory), name],
    path: [],
    mount: '',
    naming: { kind: 'make', name, replaces: job.replaces },
  }
}

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')

const textOf = (bytes: Uint8Array): string => bufferOf(bytes).toString('latin1')

const withSlash = (name: Uint8Array): string => `${textOf(name)}/`

const placeOf = (directory: string): Place => directory.split('/').slice(0, -1).map(bytesOf)
