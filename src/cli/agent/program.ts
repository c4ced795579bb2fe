/** All commands of `backup`, and the options that each of them takes. */

import { Command } from 'commander'
import { prepareCommands } from '../render/command-line.ts'
import { version } from '../render/version.ts'
import type { CommandContext } from './context.ts'
import { addAgent } from './agent.ts'
import { addCat } from './cat.ts'
import { addDiff } from './diff.ts'
import { addDoctor } from './doctor.ts'
import { addEpoch } from './epoch.ts'
import { addFind } from './find.ts'
import { addHistory } from './history.ts'
import { addJobs } from './jobs.ts'
import { addKeyStore } from './key-store.ts'
import { addLs } from './ls.ts'
import { addPassphrase } from './passphrase-commands.ts'
import { addPoints } from './points.ts'
import { addPolicy } from './policy.ts'
import { addRecover } from './recover.ts'
import { addRegister } from './register.ts'
import { addRestore } from './restore.ts'
import { addRun } from './run.ts'
import { addSchedule } from './schedule.ts'
import { addStatus } from './status.ts'
import { addUnregister } from './unregister.ts'
import { addVerify } from './verify.ts'

const gettingStarted = `
Getting started:
  backup register --vault-credentials FILE --generate-passphrase passphrase.txt
  backup policy include /home
  backup run
  backup restore --point latest --to /tmp/restored
`

/** Throws a CommanderError instead of ending the process. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('backup')
    .description('Backs this machine up to a vault that can not read what it keeps.')
    .version(version)
    .option('--source <name>', 'the source that is meant')
    .option('--json', 'one JSON object per line, an exit record last')
    .option('-q, --quiet', 'results and errors only')
    .option('-v, --verbose', 'say more')
    .addHelpText('after', gettingStarted)
  for (const add of commands) add(program, context)
  prepareCommands(program, context.host, context.output)
  return program
}

const commands = [
  addRegister,
  addUnregister,
  addRecover,
  addPolicy,
  addRun,
  addSchedule,
  addAgent,
  addJobs,
  addPoints,
  addLs,
  addFind,
  addDiff,
  addHistory,
  addCat,
  addRestore,
  addVerify,
  addKeyStore,
  addEpoch,
  addPassphrase,
  addStatus,
  addDoctor,
]
