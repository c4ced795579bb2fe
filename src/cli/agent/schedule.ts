/** `backup schedule install|remove|show`: has the platform's own scheduler start what is due. */

import { Option, type Command } from 'commander'
import { carryOut } from '../../agent/schedule/carry-out.ts'
import { chooseFacility, facilitiesOf } from '../../agent/schedule/choose.ts'
import { sourcesToRun } from '../../agent/schedule/due.ts'
import { executeOnSystem } from '../../agent/schedule/execute.ts'
import {
  facilityNames,
  type Facility,
  type FacilityName,
  type Installed,
  type Job,
  type Plan,
} from '../../agent/schedule/facility.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { sayNextTimes } from './next-times.ts'
import { usualSource } from './open.ts'
import { stateOf } from './state-of.ts'
import { tryScheduledKey } from './schedule-key.ts'
import { sayPlan } from './schedule-plan.ts'
import { jobOf } from './schedule-job.ts'

interface ScheduleOptions {
  readonly with?: FacilityName
  readonly system?: true
  readonly dryRun?: true
}

export function addSchedule(program: Command, context: CommandContext): void {
  const schedule = program
    .command('schedule')
    .description('have the system start backups when they are due')
  const actions = [
    ['install', 'have it start what is due, from now on', install],
    ['remove', 'have it start nothing any more', remove],
    ['show', 'show what is installed, and the next three times of each source', show],
  ] as const
  for (const [name, description, action] of actions) {
    const command = schedule
      .command(name)
      .description(description)
      .addOption(new Option('--with <facility>', 'which one').choices(facilityNames))
      .option('--system', 'for the whole machine: as root or administrator')
      .action((options: ScheduleOptions) => action(context, options))
    if (name !== 'show') command.option('-n, --dry-run', 'say what would be done, and do nothing')
  }
}

interface Scheduling {
  readonly state: AgentState
  readonly job: Job
  readonly facility: Facility
}

async function begin({ host }: CommandContext, options: ScheduleOptions): Promise<Scheduling> {
  const state = stateOf(host)
  const facility = await chooseFacility(host.platform, options.with)
  return { state, facility, job: await jobOf(host, state, options.system === true) }
}

async function install(context: CommandContext, options: ScheduleOptions): Promise<void> {
  const { state, job, facility } = await begin(context, options)
  await tryScheduledKey(context, state, { facility, job })
  const plan = await planInstall(facility, job)
  if (!(await follow(context, plan, options))) return
  say(context, { facility, job, state: 'on' })
  if (!job.owner.isSystem) noteLogin(context, facility)
  await sayAllTimes(context, state)
}

/** What is there as it should be stays untouched: started anew, the daemon would end a run. */
async function planInstall(facility: Facility, job: Job): Promise<Plan> {
  const plan = await facility.planInstall(job, executeOnSystem)
  return (await facility.inspect(job, executeOnSystem)) === 'on' ? [] : plan
}

async function remove(context: CommandContext, options: ScheduleOptions): Promise<void> {
  const { job, facility } = await begin(context, options)
  const plan = await facility.planRemove(job, executeOnSystem)
  if (plan.length > 0 && !(await follow(context, plan, options))) return
  say(context, { facility, job, state: 'absent' })
}

/** False: it was only said what would be done. */
async function follow(
  context: CommandContext,
  plan: Plan,
  { dryRun }: ScheduleOptions,
): Promise<boolean> {
  if (dryRun === true) sayPlan(context, plan)
  else await carryOut(plan, executeOnSystem)
  return dryRun !== true
}

async function show(context: CommandContext, options: ScheduleOptions): Promise<void> {
  const { state, job, facility } = await begin(context, options)
  const shown = options.with === undefined ? facilitiesOf(context.host.platform) : [facility]
  for (const each of shown) {
    const installed = await each.inspect(job, executeOnSystem)
    say(context, { facility: each, job, state: installed })
  }
  await sayAllTimes(context, state)
}

const stateTexts: Readonly<Record<Installed, string>> = {
  absent: 'not installed',
  outdated: 'installed, but not as the policy is now: run backup schedule install',
  off: 'installed, but not active: run backup schedule install',
  on: 'installed',
}

function say(
  { output }: CommandContext,
  { facility, job, state }: Pick<Scheduling, 'facility' | 'job'> & { readonly state: Installed },
): void {
  const scope = job.owner.isSystem ? 'system' : 'user'
  output.event({ event: 'facility', facility: facility.name, scope, state })
  output.line(`${facility.name} (${scope}): ${stateTexts[state]}`)
}

const loginNote = 'It runs while you are logged in. To have it run always: loginctl enable-linger'

const loginNotes: Readonly<Record<FacilityName, string | undefined>> = {
  systemd: loginNote,
  launchd: 'It runs while you are logged in.',
  'task-scheduler': 'It runs while you are logged in. To have it run always: --system',
  cron: undefined,
  daemon: loginNote,
}

function noteLogin({ output }: CommandContext, { name }: Facility): void {
  const text = loginNotes[name]
  if (text !== undefined) output.note(text)
}

async function sayAllTimes(context: CommandContext, state: AgentState): Promise<void> {
  const sources = sourcesToRun(await state.loadPolicy())
  if (sources.length === 0) {
    context.output.note('Nothing is included yet. Run: backup policy include PATH')
    await sayNextTimes(context, state, [usualSource, undefined])
  }
  for (const source of sources) await sayNextTimes(context, state, source)
}
