/** All commands of `backup`, and the options that each of them takes. */

import { Command } from 'commander'
import { prepareCommands } from '../render/command-line.ts'
import { version } from '../render/version.ts'
import type { CommandContext } from './context.ts'

const gettingStarted = `
Getting started:
  backup register --vault-credentials FILE --generate-passphrase passphrase.txt
  backup policy include /home
  backup run
  backup restore --point latest --to /tmp/restored
`

/** Throws a CommanderError instead of ending the process. */
export async function createProgram(context: CommandContext): Promise<Command> {
  const program = new Command('backup')
    .description('Backs this machine up to a vault that can not read what it keeps.')
    .version(version)
    .option('--source <name>', 'the source that is meant')
    .option('--json', 'one JSON object per line, an exit record last')
    .option('-q, --quiet', 'results and errors only')
    .option('-v, --verbose', 'say more')
    .addHelpText('after', gettingStarted)
  for (const load of neededFor(context.host.argv.slice(2))) (await load())(program, context)
  prepareCommands(program, context.host, context.output)
  return program
}

const flags: ReadonlySet<string> = new Set(['--json', '-q', '--quiet', '-v', '--verbose'])

type Load = () => Promise<(program: Command, context: CommandContext) => void>

/** What a module brings along is most of the time that a short command takes: one that is named first comes alone. */
function neededFor(words: readonly string[]): readonly Load[] {
  const first = words.find((word) => !flags.has(word))
  const named = commands.filter(([names]) => first !== undefined && names.includes(first))
  return (named.length > 0 ? named : commands).map(([, load]) => load)
}

/** With the names of what each adds; in the order of the help. */
const commands: readonly (readonly [names: readonly string[], load: Load])[] = [
  [['register'], async () => (await import('./register.ts')).addRegister],
  [['unregister'], async () => (await import('./unregister.ts')).addUnregister],
  [['recover'], async () => (await import('./recover.ts')).addRecover],
  [['policy'], async () => (await import('./policy.ts')).addPolicy],
  [['run'], async () => (await import('./run-command.ts')).addRun],
  [['schedule'], async () => (await import('./schedule.ts')).addSchedule],
  [['agent'], async () => (await import('./agent.ts')).addAgent],
  [['jobs', 'cancel'], async () => (await import('./jobs.ts')).addJobs],
  [['points'], async () => (await import('./points.ts')).addPoints],
  [['ls'], async () => (await import('./ls.ts')).addLs],
  [['find'], async () => (await import('./find.ts')).addFind],
  [['diff'], async () => (await import('./diff.ts')).addDiff],
  [['history'], async () => (await import('./history.ts')).addHistory],
  [['cat'], async () => (await import('./cat.ts')).addCat],
  [['restore'], async () => (await import('./restore.ts')).addRestore],
  [['verify'], async () => (await import('./verify.ts')).addVerify],
  [['key-store'], async () => (await import('./key-store.ts')).addKeyStore],
  [['epoch'], async () => (await import('./epoch.ts')).addEpoch],
  [['rotate-key'], async () => (await import('./rotate-key.ts')).addRotateKey],
  [['passphrase'], async () => (await import('./passphrase-commands.ts')).addPassphrase],
  [['status'], async () => (await import('./status.ts')).addStatus],
  [['doctor'], async () => (await import('./doctor.ts')).addDoctor],
]
