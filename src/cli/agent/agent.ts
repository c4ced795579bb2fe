/** `backup agent`: the daemon. */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { BackupError, exitNameOf } from '../../base/errors.ts'
import type { DaemonNews } from '../../agent/daemon/due-runs.ts'
import { socketPath } from '../../agent/daemon/local-socket.ts'
import { startRunProcess, type Said } from '../../agent/daemon/run-process.ts'
import type { SourceName } from '../../model/ids.ts'
import { registrationOf } from '../../agent/state/state.ts'
import { version } from '../render/version.ts'
import type { CommandContext } from './context.ts'
import { lookNow } from './next-times.ts'
import { stateOf } from './state-of.ts'

export function addAgent(program: Command, context: CommandContext): void {
  program
    .command('agent')
    .description('the daemon: runs what is due, until SIGINT or SIGTERM')
    .action(() => agent(context))
}

async function agent(context: CommandContext): Promise<void> {
  const { host, output, signal } = context
  const state = stateOf(host)
  const { access } = await registrationOf(state)
  if (access !== 'full')
    throw new BackupError('read-only', 'This machine was recovered: nothing is backed up.')
  // Every other command starts faster without it.
  const { runDaemon } = await import('../../agent/daemon/daemon.ts')
  const socket = socketPath(state.directory, host.platform)
  await runDaemon({
    ...{ state, clock: systemClock, version, pid: process.pid, socket, signal },
    lookNow: () => lookNow(state),
    startRun: (source) =>
      startRunProcess(programOf(context), runWords(context, source), saidBy(context)),
    say: (news) => sayNews(context, news),
    onReady: () => {
      output.event({ event: 'agent-started', pid: process.pid })
      output.note('Running what is due, until this is stopped.')
    },
  })
}

function programOf({ host }: CommandContext) {
  const [node = process.execPath, script = 'backup'] = host.argv
  return { node, script: resolve(host.cwd(), script) }
}

const runWords = ({ output }: CommandContext, source: SourceName): string[] => [
  ...['run', '--if-due', '--source', source],
  ...(output.json ? ['--json'] : []),
  ...(output.quiet ? ['--quiet'] : []),
  ...(output.verbose ? ['--verbose'] : []),
]

/** What the run says is the daemon's to say, but for how it ended: `exit` is the last line of the daemon itself. */
function saidBy({ host, output }: CommandContext): Said {
  const isExit = (line: string) => output.json && line.startsWith('{"event":"exit"')
  return {
    stdout: (line) => {
      if (!isExit(line)) host.stdout.write(`${line}\n`)
    },
    stderr: (line) => void host.stderr.write(`${line}\n`),
  }
}

function sayNews({ output }: CommandContext, news: DaemonNews): void {
  switch (news.kind) {
    case 'run-started':
      output.event({ event: 'run-started', source: news.source })
      output.note(`Due: ${news.source}`)
      return
    case 'run-ended': {
      const name = news.code === null ? 'killed' : exitNameOf(news.code)
      output.event({ event: 'run-ended', source: news.source, code: news.code, name })
      output.note(`The run of ${news.source} ended: ${name}.`)
      return
    }
    case 'trouble':
      output.warn(news.message)
      return
  }
}
