/** The commit: the moment at which a recovery point exists (docs/protocol.md, "Commit"). */

import { hourMs } from '../../base/clock.ts'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { decodeCommit, type Commit } from '../../model/commit.ts'
import { noRecord } from '../../model/ids.ts'
import { markLive } from '../catalog/objects.ts'
import { findPointState } from '../catalog/point-states.ts'
import { findPoint, type PointRow } from '../catalog/points.ts'
import { keyOf, placeOf, type PresentObject, type RepositoryPlace } from '../objects/presence.ts'
import { bringBack } from '../objects/trash.ts'
import { checkObjects } from './check-objects.ts'
import { sourceOf, type PointContext, type SourcePlace } from './context.ts'
import { commitKeyOf, findHead, isSameCommit, readCommit, takeIn } from './heads.ts'

export interface CommitRequest {
  readonly place: SourcePlace
  readonly seq: number
  /** The commit record. */
  readonly bytes: Uint8Array
}

export interface CommittedPoint {
  /** False where the same record was there before. */
  readonly made: boolean
  readonly point: PointRow
}

/**
 * Makes the point exist, or finds that it does. Killed at any step it leaves either nothing that counts, or a point whose
 * missing record the next look makes.
 * @throws BackupError `malformed`, `commit-refused`, `head-moved` with facts `{headSeq, headHash}`, `commit-missing`, `vault-full`
 */
export async function commitPoint(
  context: PointContext,
  request: CommitRequest,
): Promise<CommittedPoint> {
  const commit = decodeSent(request.bytes)
  checkPlace(commit, request)
  const head = await findHead(context, request.place)
  const stored = await findPoint(context.catalog, sourceOf(request.place), request.seq)
  if (stored !== undefined && isSameCommit(stored, request.bytes))
    return { made: false, point: stored }
  const earlier = await checkSequence(context, request, { commit, head })
  await makeAllLive(context, commit, { place: repositoryOf(request, commit), earlier })
  const made = await createCommit(context, request)
  return { made, point: await takeIn(context, request.place, request.seq) }
}

/** What came over the line damaged is no damage of the vault. */
function decodeSent(bytes: Uint8Array): Commit {
  try {
    return decodeCommit(bytes).commit
  } catch (error) {
    if (errorCodeOf(error) !== 'damaged') throw error
    throw new BackupError('malformed', 'The commit record does not end in its sum.', {
      cause: error,
    })
  }
}

const repositoryOf = (request: CommitRequest, commit: Commit): RepositoryPlace => ({
  space: request.place.space,
  repository: commit.repository,
})

function checkPlace(commit: Commit, { place, seq }: CommitRequest): void {
  const { vaultId, machineId } = place.space
  if (commit.vaultId !== vaultId || commit.machineId !== machineId) {
    throw refused('it is of another machine or vault')
  }
  if (commit.source !== place.source || commit.seq !== seq) {
    throw refused('its source or seq is not that of the path')
  }
}

interface Sequence {
  readonly commit: Commit
  readonly head: PointRow | undefined
}

/** The commit before this one, as the store has it; undefined for the first, and where nothing is kept for it any more. */
async function checkSequence(
  context: PointContext,
  request: CommitRequest,
  { commit, head }: Sequence,
): Promise<Commit | undefined> {
  if (commit.seq !== (head?.seq ?? 0) + 1) throw headMoved(head)
  if (head === undefined) {
    if (commit.previous !== noRecord) throw headMoved(head)
    return undefined
  }
  const stored = decodeCommit(await readCommit(context, request.place, head.seq))
  if (commit.previous !== stored.hash) throw headMoved(head)
  const state = await findPointState(context.catalog, sourceOf(request.place), head.seq)
  return state?.state === 'removed' ? undefined : stored.commit
}

interface LiveOptions {
  readonly place: RepositoryPlace
  readonly earlier: Commit | undefined
}

const checkHoldsMs = hourMs

/** A check that took long is made again: what it saw first may have gone to the trash since. */
async function makeAllLive(
  context: PointContext,
  commit: Commit,
  options: LiveOptions,
): Promise<void> {
  for (;;) {
    const startedAt = context.clock.now()
    const { ids, inTrash } = await checkObjects(context, commit, options)
    await markLive(context.catalog, placeOf(options.place), { ids, nowMs: startedAt })
    const wereThere = await bringBack(context, options.place, ids)
    const areInPlace = wereThere && (await areAllInPlace(context, options.place, inTrash))
    if (areInPlace && context.clock.now() - startedAt < checkHoldsMs) return
  }
}

/** The row of a copy may have gone between the look and the way back: then nobody has moved it. */
async function areAllInPlace(
  { store }: PointContext,
  place: RepositoryPlace,
  objects: readonly PresentObject[],
): Promise<boolean> {
  for (const { kind, id } of objects) {
    if ((await store.stat(keyOf(place, kind, id))) === undefined) return false
  }
  return true
}

async function createCommit(context: PointContext, request: CommitRequest): Promise<boolean> {
  try {
    const key = commitKeyOf(request.place, request.seq)
    return (await context.store.create(key, request.bytes)) === 'created'
  } catch (error) {
    if (errorCodeOf(error) !== 'already-exists') throw error
    throw headMoved(await findHead(context, request.place))
  }
}

const refused = (why: string): BackupError =>
  new BackupError('commit-refused', `The point is refused: ${why}.`)

function headMoved(head: PointRow | undefined): BackupError {
  const facts = { headSeq: head?.seq ?? 0, headHash: head?.hash ?? noRecord }
  return new BackupError('head-moved', `The source's newest point is ${facts.headSeq} by now.`, {
    facts,
  })
}
