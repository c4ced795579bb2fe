/** The daemon's part in watching: it tells the thread the policies, and passes questions on. */

import type { AgentState } from '../state/state.ts'
import { defaultWatch } from '../state/watch-state.ts'
import { questionSchema, type WatchStatus } from './messages.ts'
import { queueLength } from './turn.ts'
import { watchedSourceOf } from './watched-source.ts'
import { startWatcher } from './watcher.ts'

export interface DaemonWatch {
  /** Watches what the policies say now. */
  look(): Promise<void>
  /** Undefined where it is no question to the watcher. */
  answer(question: string): Promise<unknown>
  status(): Promise<readonly WatchStatus[]>
  close(): Promise<void>
}

/** With what is waited for afterwards, less than a run waits for an answer. */
const patienceMs = 10_000

/** What inotify promises is known of Linux alone: elsewhere nothing is watched. */
export function watchSources(state: AgentState, platform = process.platform): DaemonWatch {
  const marker = `${state.paths.cache}/watch/marker`
  const watcher = startWatcher({ marker, queueLength: queueLength(), patienceMs })
  const look = async () => {
    if (platform !== 'linux' || queueLength() === 0) return
    const policies = Object.entries(await state.loadPolicy())
    watcher.update(
      policies
        .filter(([, { watch, include }]) => include.length > 0 && (watch ?? defaultWatch).enabled)
        .map(([source, policy]) => watchedSourceOf(source, policy)),
    )
  }
  return {
    look,
    answer: async (text) => {
      if (!text.startsWith('{')) return undefined
      const question = questionSchema.parse(JSON.parse(text))
      await look()
      return (await watcher.ask(question)) ?? null
    },
    status: () => watcher.status(),
    close: () => watcher.close(),
  }
}
