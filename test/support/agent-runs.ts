/** Real runs over real files, in this process, into a vault in memory, at whatever time the test says. */

import { join } from 'node:path'
import { systemRandom, toHex } from '../../src/base/bytes.ts'
import { dayMs, settableClock } from '../../src/base/clock.ts'
import { sha256 } from '../../src/base/hash.ts'
import { Secret } from '../../src/base/secret.ts'
import type { BackupRun } from '../../src/agent/backup/backup-run.ts'
import { captureFingerprint } from '../../src/agent/backup/capture.ts'
import { openPackJournal } from '../../src/agent/backup/pack-journal.ts'
import { runBackup, type RunResult } from '../../src/agent/backup/run.ts'
import { buildSelection } from '../../src/agent/backup/selection.ts'
import { openIndexFiles } from '../../src/agent/cache/index-files.ts'
import { openSourceCache } from '../../src/agent/cache/source-cache.ts'
import { startInline } from '../../src/agent/contents/lane.ts'
import type { ChunkerParameters } from '../../src/chunker/parameters.ts'
import { hardenKey, keysOfHeld } from '../../src/crypto/held-key.ts'
import { parseSourceName } from '../../src/model/ids.ts'
import { splitPath } from '../../src/model/path.ts'
import { defaultRetention, type RetentionPolicy } from '../../src/policy/retention.ts'
import { defaultSelection } from '../../src/policy/selection.ts'
import { createChunkReader } from '../../src/repository/chunk-reader.ts'
import { entriesBelow } from '../../src/repository/entries-below.ts'
import { listPoints, openPoint, type PointFacts } from '../../src/repository/point-reader.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { createTreeReader } from '../../src/repository/tree-reader.ts'
import { createRunVault, type RunVault } from './run-vault.ts'

export interface AgentRuns {
  readonly vault: RunVault
  readonly clock: ReturnType<typeof settableClock>
  readonly repository: Repository
  run(options?: RunChoices): Promise<RunResult>
  /** From now on runs hold no key that opens what was sent up to now. */
  harden(): void
  points(): Promise<readonly PointFacts[]>
  /** What a point holds: the digest of each file by its path. */
  contentOf(point: PointFacts): Promise<ReadonlyMap<string, string>>
}

export interface RunChoices {
  readonly source?: string
  readonly folder?: string
  readonly compacts?: boolean
  readonly signal?: AbortSignal
}

/** Small chunks, so that files of 40 KiB have maps. */
const smallChunks = { minBytes: 256, normalBytes: 512, maxBytes: 1024, strictBits: 8, looseBits: 8 }

export interface AgentRunsOptions {
  readonly folder: string
  readonly retention?: RetentionPolicy
  readonly chunker?: ChunkerParameters
  /** A directory for what the agent keeps. */
  readonly state: string
}

export function createAgentRuns({
  folder,
  retention = defaultRetention,
  chunker = smallChunks,
  state,
}: AgentRunsOptions): AgentRuns {
  // Files that were written now are old enough to be believed then.
  const clock = settableClock(Date.now() + dayMs)
  const vault = createRunVault(clock, retention)
  const [masterKey, repositoryId] = [new Secret(systemRandom(32)), systemRandom(32)]
  const repository: Repository = {
    ...{ connection: vault, number: 0, repositoryId },
    keys: keysOfHeld(masterKey, repositoryId, 0),
    config: { number: 0, repository: 0, repositoryId, chunker, createdMs: 0 },
  }
  let held = { heldKey: masterKey, repository }
  const heads = new Map<string, NonNullable<BackupRun['seen']>>()
  const compacted = new Map<string, number>()
  return {
    ...{ vault, clock, repository },
    points: () => listPoints(vault, { authorities: [vault.authority] }),
    contentOf: (point) => contentOf(repository, point),
    harden: () => {
      const heldKey = hardenKey(masterKey, repositoryId, 1)
      const keys = keysOfHeld(heldKey, repositoryId, 1)
      held = { heldKey, repository: { ...repository, keys } }
    },
    run: async (choices = {}) => {
      const source = parseSourceName(choices.source ?? 'files')
      const include = [Buffer.from(choices.folder ?? folder)]
      const sealing = { keys: repository.keys, random: systemRandom }
      const directory = join(state, 'cache', source)
      const cache = await openSourceCache({
        ...{ ...sealing, directory, isReadOnly: false, say: () => undefined },
      })
      const lastMs = choices.compacts === false ? Infinity : (compacted.get(source) ?? 0)
      try {
        return await runBackup({
          ...{ ...held, source, cache, startThread: startInline, clock },
          selection: { include, exclude: [] },
          selectionTree: buildSelection(include.map((path) => splitPath(path))),
          selectionSettings: defaultSelection,
          ownCache: state,
          capture: captureFingerprint('linux', false),
          raiseEpoch: () => Promise.reject(new Error('no other epoch')),
          ...{ threads: 1, level: 1, dryRun: false, verifyAll: false },
          compaction: {
            lastMs,
            saveLast: (ms) => Promise.resolve(void compacted.set(source, ms)),
          },
          journal: openPackJournal(join(state, `${source}.packs`)),
          watched: {
            ask: () => Promise.resolve({ kind: 'scan', reason: 'not-watched' }),
            tell: () => Promise.resolve(),
          },
          indexFiles: openIndexFiles(join(state, 'indexes'), systemRandom),
          authorities: [vault.authority],
          seen: heads.get(source),
          saveHead: (head) => Promise.resolve(void heads.set(source, head)),
          host: { name: 'test', agentVersion: '0', system: 'linux' },
          random: systemRandom,
          signal: choices.signal ?? new AbortController().signal,
          startedMs: clock.now(),
          progress: () => undefined,
          onTraffic: () => undefined,
          warn: (message) => {
            throw new Error(message)
          },
        })
      } finally {
        cache.close()
      }
    },
  }
}

export const digestOf = (bytes: Uint8Array): string => toHex(sha256(bytes))

async function contentOf(repository: Repository, facts: PointFacts): Promise<Map<string, string>> {
  const { manifest, index } = await openPoint(repository, facts)
  const chunks = createChunkReader(repository, index)
  const tree = createTreeReader(chunks)
  const found = new Map<string, string>()
  for await (const { names, entry } of entriesBelow(tree, manifest.root)) {
    if (entry.type !== 'file') continue
    const parts: Uint8Array[] = []
    for await (const reference of tree.content(entry)) parts.push(await chunks.load(reference, 1))
    const path = names.map((name) => Buffer.from(name).toString()).join('/')
    found.set(path, digestOf(Buffer.concat(parts)))
  }
  return found
}
