/** The watching thread's own end. */

import { parentPort, workerData } from 'node:worker_threads'
import { systemRandom } from '../../base/bytes.ts'
import { openJournal } from './journal.ts'
import type { FromWatcher, ToWatcher } from './messages.ts'
import { watchDirectory } from './watch-directory.ts'
import type { WatcherSetup } from './watcher.ts'

const setup = workerData as WatcherSetup

const journal = openJournal({ ...setup, watch: watchDirectory, random: systemRandom })

parentPort?.on('message', (message: ToWatcher) => void handle(message))

/** What fails ends the thread, and with it all trust in what it has heard. */
async function handle(message: ToWatcher): Promise<void> {
  const open = await journal
  switch (message.kind) {
    case 'sources':
      await open.update(message.sources)
      return
    case 'status':
      say({ number: message.number, value: open.status() })
      return
    case 'question':
      say({ number: message.number, value: await open.answer(message.question) })
  }
}

const say = (message: FromWatcher): void => parentPort?.postMessage(message)
