/** The head of a source's cache: which point it belongs to, that point's manifest, and the files that hold its pages. */

import { BackupError } from '../../base/errors.ts'
import { exists, makeDirectoryDurable, readBounded, replaceFile } from '../../base/files.ts'
import { dirname } from 'node:path'
import { openObject, sealObject } from '../../crypto/sealed-object.ts'
import type { RepositoryKeys } from '../../crypto/keys.ts'
import { decodeCbor, encodeCbor, fieldsOf, asArray, asText, asUint } from '../../model/cbor.ts'
import { idBytes, recordHashOf, type RecordHash } from '../../model/ids.ts'
import { decodeManifest, encodeManifest, type Manifest } from '../../model/manifest.ts'
import { maxSealedBytes } from '../../model/sealed-object.ts'
import { cacheContext, type Sealing } from './page-file.ts'

export interface CacheHead {
  /** The hash of the commit record of the point that was walked. */
  readonly point: RecordHash
  readonly manifest: Manifest
  /** In the order in which they were written. */
  readonly files: readonly PagesFile[]
  /** Bytes of the pages that the point uses: what the files hold beyond that is of earlier points. */
  readonly usedBytes: number
}

export interface PagesFile {
  /** Beside the head. */
  readonly name: string
  readonly pageBytes: number
}

/** Undefined where there is none. @throws BackupError `damaged`, `malformed`, `file-unreadable`, … */
export async function loadHead(path: string, keys: RepositoryKeys): Promise<CacheHead | undefined> {
  if (!(await exists(path))) return undefined
  const sealed = await readBounded(path, maxSealedBytes)
  const payload = openObject(sealed, { type: 'cache', context: cacheContext }, keys)
  const fields = fieldsOf(decodeCbor(payload), 'the head of the cache')
  const head = {
    point: recordHashOf(fields.bytes(0, 32)),
    manifest: decodeManifest(fields.bytes(1)),
    files: fields.array(2).map((file) => {
      const [name, pageBytes] = asArray(file, 'a file', 2)
      return { name: fileName(asText(name, 'a name')), pageBytes: asUint(pageBytes, 'a length') }
    }),
    usedBytes: fields.uint(3),
  }
  fields.finish()
  return head
}

/** A name, never a path. */
function fileName(text: string): string {
  if (/^pages-[0-9a-f]{32}$/.test(text)) return text
  throw new BackupError('malformed', 'Not the head of a cache: a file has another name.')
}

/** Durable when it resolves; readers see the old head or the new one. */
export async function saveHead(path: string, head: CacheHead, sealing: Sealing): Promise<void> {
  const payload = encodeCbor(
    new Map<number, Parameters<typeof encodeCbor>[0]>([
      [0, idBytes(head.point)],
      [1, encodeManifest(head.manifest)],
      [2, head.files.map(({ name, pageBytes }) => [name, pageBytes])],
      [3, head.usedBytes],
    ]),
  )
  const content = { type: 'cache', epoch: 0, context: cacheContext, payload } as const
  await makeDirectoryDurable(dirname(path))
  await replaceFile(path, sealObject(content, sealing.keys, sealing.random))
}
