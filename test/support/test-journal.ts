/** A watching thread over folders, asked as a run asks it. */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fromBase64Url, toBase64Url } from '../../src/base/bytes.ts'
import { changesOf, type Changes } from '../../src/agent/backup/changed-directories.ts'
import { answerSchema, type Answer, type WatchedSource } from '../../src/agent/journal/messages.ts'
import { policyDigest } from '../../src/agent/journal/watched-source.ts'
import { startWatcher } from '../../src/agent/journal/watcher.ts'
import { recordHashOf } from '../../src/model/ids.ts'
import { defaultSelection } from '../../src/policy/selection.ts'
import type { WalkedFolder } from './walk-points.ts'

export interface TestJournal {
  /** `changes` undefined: everything has to be looked at. */
  ask(): Promise<{
    readonly changes: Changes | undefined
    readonly answer: Answer
    readonly covered: (point: Pick<WalkedFolder, 'counts'>) => Promise<void>
  }>
  close(): Promise<void>
}

export interface TestJournalOptions extends Partial<WatchedSource> {
  readonly queueLength?: number
}

const thread = pathToFileURL(resolve(import.meta.dirname, '../../dist/agent/journal/thread.js'))

export async function startTestJournal(
  scratch: string,
  folders: readonly string[],
  { queueLength = 16_384, ...settings }: TestJournalOptions = {},
): Promise<TestJournal> {
  const marker = `${scratch}/watch/marker`
  const watcher = startWatcher({ marker, queueLength, patienceMs: 60_000 }, thread)
  const source: WatchedSource = {
    source: 'files',
    include: folders.map((folder) => toBase64Url(Buffer.from(folder))),
    ...{ exclude: [], selection: defaultSelection, mostDirectories: 50_000 },
    ...settings,
  }
  watcher.update([source])
  const ask = async () => {
    const question = { ask: 'changes', source: 'files', policy: policyDigest(source) } as const
    const answer = answerSchema.parse(await watcher.ask(question))
    const { token } = answer
    return {
      answer,
      changes: answer.kind === 'scan' || answer.base.hasLinks ? undefined : changesIn(answer.dirty),
      covered: async ({ counts: { hasLinks } }: Pick<WalkedFolder, 'counts'>) => {
        if (token === undefined) return
        const base = { point: recordHashOf(new Uint8Array(32)), fullMs: 0, hasLinks }
        await watcher.ask({ ask: 'covered', source: 'files', token, base })
      },
    }
  }
  await ask()
  return { ask, close: () => watcher.close() }
}

const changesIn = (dirty: readonly { readonly path: string; readonly whole: boolean }[]) =>
  changesOf(
    dirty.map(({ path, whole }) => ({ path: fromBase64Url(path) ?? Buffer.alloc(0), whole })),
  )
