/** The journals of all sources, and answers from them. Lives in a thread of its own: who is late to the kernel's queue loses what it held. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { toBase64Url, toHex, type RandomBytes } from '../../base/bytes.ts'
import type { WatcherReason } from '../backup/watched.ts'
import type { Answer, Question, WatchedSource, WatchStatus } from './messages.ts'
import { startSourceWatch, type SourceWatch } from './source-watch.ts'
import { createTurn } from './turn.ts'
import type { WatchDirectory } from './watch-directory.ts'
import { policyDigest } from './watched-source.ts'

export interface JournalOptions {
  readonly watch: WatchDirectory
  /** A file of its own, written to find out that all that came before it was heard; its directory may be made. */
  readonly marker: string
  /** What the kernel's queue holds. */
  readonly queueLength: number
  /** For the marker to be heard. */
  readonly patienceMs: number
  readonly random: RandomBytes
}

export interface Journal {
  /** Watches these from now on; what is watched already, and as wanted, goes on. */
  update(sources: readonly WatchedSource[]): Promise<void>
  answer(question: Question): Promise<Answer | null>
  status(): WatchStatus[]
  close(): Promise<void>
}

/** A run that has more to look at looks at all as fast. */
const mostChanges = 50_000

export async function openJournal(options: JournalOptions): Promise<Journal> {
  const watches = new Map<string, SourceWatch>()
  const turn = createTurn(
    Math.floor(options.queueLength / 2),
    () => void restart([...watches.values()], 'overflow'),
  )
  const heard = await listenForMarker(options, turn.count)

  const start = (source: WatchedSource, because: WatcherReason): SourceWatch => {
    const { watch, random } = options
    const started = startSourceWatch(source, { watch, random, because, count: turn.count })
    watches.set(source.source, started)
    return started
  }
  const restart = (which: readonly SourceWatch[], because: WatcherReason): Promise<unknown> =>
    Promise.all(
      which.map((old) => {
        start(old.source, because)
        return old.stop()
      }),
    )
  const changes = async ({ source, policy }: Asked<'changes'>): Promise<Answer> => {
    const isHeard = await heard(options.patienceMs)
    const watch = watches.get(source)
    if (watch === undefined) return { kind: 'scan', reason: 'off' }
    await Promise.race([watch.idle(), after(options.patienceMs / 2, undefined, { ref: false })])
    if (watches.get(source) === watch && !watch.isInPlace()) await restart([watch], 'moved')
    const now = watches.get(source)
    if (now === undefined) return { kind: 'scan', reason: 'off' }
    return answerOf(now, isHeard ? policy : undefined)
  }
  const covered = ({ source, token, base }: Asked<'covered'>) => {
    const watch = watches.get(source)
    const [id, generation] = token.split(':')
    if (watch === undefined || watch.id !== id) return
    // What stood in the way may be over.
    if (watch.refused !== undefined) return void restart([watch], watch.refused)
    watch.marks.drop(Number(generation))
    watch.base = base
  }
  return {
    update: async (sources) => {
      const wanted = new Map(sources.map((source) => [source.source, source]))
      const changed = [...watches.values()].filter(
        ({ source }) => JSON.stringify(wanted.get(source.source)) !== JSON.stringify(source),
      )
      for (const old of changed) watches.delete(old.source.source)
      for (const source of sources) {
        if (!watches.has(source.source)) {
          const isNew = !changed.some((old) => old.source.source === source.source)
          start(source, isNew ? 'starting' : 'policy-changed')
        }
      }
      await Promise.all(changed.map((old) => old.stop()))
    },
    answer: async (question) => {
      if (question.ask === 'changes') return changes(question)
      covered(question)
      return null
    },
    status: () =>
      [...watches.values()].map((watch) => ({
        source: watch.source.source,
        directories: watch.directoryCount,
        changed: watch.marks.count,
        scan: whyScan(watch) ?? null,
      })),
    close: async () => {
      await Promise.all([...watches.values()].map((watch) => watch.stop()))
      watches.clear()
    },
  }
}

type Asked<Ask extends Question['ask']> = Extract<Question, { ask: Ask }>

/** `policy` undefined: what changed is not known to have been heard. */
function answerOf(watch: SourceWatch, policy: string | undefined): Answer {
  const token = `${watch.id}:${watch.marks.generation}`
  const scan = (reason: WatcherReason): Answer => ({ kind: 'scan', reason, token })
  if (policy === undefined) return scan('busy')
  if (policy !== policyDigest(watch.source)) return { kind: 'scan', reason: 'policy-changed' }
  const reason = whyScan(watch)
  if (reason !== undefined || watch.base === undefined) return scan(reason ?? 'starting')
  const dirty = watch.marks
    .list()
    .map(({ key, whole }) => ({ path: toBase64Url(Buffer.from(key, 'latin1')), whole }))
  return { kind: 'changes', token, base: watch.base, dirty }
}

function whyScan(watch: SourceWatch): WatcherReason | undefined {
  if (watch.refused !== undefined) return watch.refused
  if (watch.unsettled !== undefined) return watch.unsettled
  if (watch.base === undefined) return 'starting'
  return watch.marks.count > mostChanges ? 'too-many-changes' : undefined
}

/** One queue for all directories: when the marker's change is heard, all before it were. */
async function listenForMarker(
  { watch, marker, random }: JournalOptions,
  count: () => void,
): Promise<(withinMs: number) => Promise<boolean>> {
  const waiting = new Map<string, () => void>()
  const directory = dirname(marker)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  await watch(directory, (_, name) => {
    count()
    waiting.get(name ?? '')?.()
  })
  return (withinMs) =>
    new Promise((resolve) => {
      const path = `${marker}-${toHex(random(8))}`
      const end = (isHeard: boolean) => {
        clearTimeout(timer)
        waiting.delete(basename(path))
        rmSync(path, { force: true })
        resolve(isHeard)
      }
      const timer = setTimeout(() => end(false), withinMs)
      waiting.set(basename(path), () => end(true))
      writeFileSync(path, '')
    })
}
