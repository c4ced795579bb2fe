/** Walks the pages of a directory's tree and holds them to each other (docs/format.md 7.2). */

import { BackupError } from '../base/errors.ts'
import { compareBytes, equalBytes } from '../base/bytes.ts'
import type { Entry } from './entry.ts'
import type { ChunkReference } from './ids.ts'
import { isLeafPage } from './leaf-skimmer.ts'
import { maxPageLevel } from './limits.ts'
import type { TreePage, TreeParent, TreePiece } from './tree-page.ts'
import { decodeTreePage } from './tree-page.ts'

/** Gives the plaintext of a chunk of type 2, its id checked. */
export type LoadPage = (reference: ChunkReference) => Promise<Uint8Array>

/** The same page decoded. @throws BackupError `malformed` */
export type ReadPage = (reference: ChunkReference) => Promise<TreePage>

export const decoding =
  (load: LoadPage): ReadPage =>
  async (reference) =>
    decodeTreePage(await load(reference))

/** All entries of a directory, ascending by name. @throws BackupError `malformed` where pages contradict each other. */
export async function* readTree(
  root: ChunkReference,
  load: LoadPage,
): AsyncGenerator<Entry, void, undefined> {
  for await (const entries of readTreeLeaves(root, load)) yield* entries
}

/** The same, leaf by leaf; an empty directory is one leaf without entries. */
export async function* readTreeLeaves(
  root: ChunkReference,
  load: LoadPage,
): AsyncGenerator<readonly Entry[], void, undefined> {
  let before: Uint8Array | undefined
  const read = decoding(load)
  const rootPage = await readRoot(root, read)
  for await (const entries of leavesOf(rootPage, read)) {
    const first = entries[0]
    if (before !== undefined && first !== undefined && compareBytes(before, first.name) >= 0) {
      throw malformed('names are not in order')
    }
    before = entries.at(-1)?.name
    yield entries
  }
}

/** The entry of that name, or undefined; reads one page of each level. */
export async function findEntry(
  root: ChunkReference,
  name: Uint8Array,
  read: ReadPage,
): Promise<Entry | undefined> {
  let page = await readRoot(root, read)
  while ('pieces' in page) {
    const piece = page.pieces.findLast((candidate) => compareBytes(candidate.firstName, name) <= 0)
    if (piece === undefined) return undefined
    page = await readPiece(page, piece, read)
  }
  return page.entries.find((entry) => equalBytes(entry.name, name))
}

async function* leavesOf(
  page: TreePage,
  read: ReadPage,
): AsyncGenerator<readonly Entry[], void, undefined> {
  if (!('pieces' in page)) {
    yield page.entries
    return
  }
  for (const piece of page.pieces) yield* leavesOf(await readPiece(page, piece, read), read)
}

/** The pages of a directory that hold entries, in order and as they are: what lies in them is for the caller to check. */
export async function readLeafPages(
  root: ChunkReference,
  load: LoadPage,
): Promise<readonly Uint8Array[]> {
  const leaves: Uint8Array[] = []
  const add = async (reference: ChunkReference, mostLevel: number): Promise<void> => {
    const bytes = await load(reference)
    if (isLeafPage(bytes)) {
      leaves.push(bytes)
      return
    }
    const page = decodeTreePage(bytes)
    if (!('pieces' in page) || page.level > mostLevel) throw malformed('a page is of another level')
    for (const piece of page.pieces) await add(piece.reference, page.level - 1)
  }
  await add(root, maxPageLevel)
  return leaves
}

async function readRoot(root: ChunkReference, read: ReadPage): Promise<TreePage> {
  const page = await read(root)
  if ('pieces' in page && page.pieces.length < 2) throw malformed('a root has one piece')
  return page
}

async function readPiece(parent: TreeParent, piece: TreePiece, read: ReadPage): Promise<TreePage> {
  const page = await read(piece.reference)
  if (page.level !== parent.level - 1) throw malformed('a page is of another level')
  const first = 'pieces' in page ? page.pieces[0]?.firstName : page.entries[0]?.name
  if (first === undefined || !equalBytes(first, piece.firstName)) {
    throw malformed('a page begins with another name')
  }
  return page
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a tree of this format: ${why}.`)
