/** What the schedulers of all systems have in common: each is told to start `backup run --if-due`, by a plan that is plain data. */

import type { ScheduleSettings } from '../../policy/schedule.ts'
import type { Execute, PlannedCommand } from './execute.ts'

export const facilityNames = ['systemd', 'cron', 'launchd', 'task-scheduler', 'daemon'] as const
export type FacilityName = (typeof facilityNames)[number]

/** Whose scheduler, and where its files lie. */
export interface Owner {
  /** For the whole machine, as root or SYSTEM; else for one user, while that user may run things. */
  readonly isSystem: boolean
  /** Absolute. */
  readonly home: string
  /** XDG_CONFIG_HOME, where it is set. */
  readonly configHome?: string | undefined
  /** Undefined on Windows. */
  readonly uid: number | undefined
  /** As Windows writes it: `DOMAIN\name`. */
  readonly userName: string | undefined
}

export interface Job {
  readonly owner: Owner
  /** Absolute paths: Node, and the script of `backup`. */
  readonly program: { readonly node: string; readonly script: string }
  readonly stateDirectory: string
  /** The passphrase, where systemd hands it to what it starts. */
  readonly credential?: { readonly file: string; readonly sealed: boolean } | undefined
  /** Of all sources. */
  readonly schedules: readonly ScheduleSettings[]
}

/** What all of them start; cron would mail what is no error. */
export const lookWords = ['run', '--if-due', '--quiet'] as const

export interface WriteFile {
  readonly kind: 'write'
  readonly path: string
  readonly bytes: Uint8Array
  /** The words by which a file of that name is known to be ours. */
  readonly mark: string
}

export type Step =
  | WriteFile
  | { readonly kind: 'remove'; readonly path: string; readonly mark: string }
  | ({ readonly kind: 'run' } & PlannedCommand)

/** In their order. Nothing to do: nothing. */
export type Plan = readonly Step[]

/** `outdated`: it does not start what this version and policy would have it start. `off`: it is there and does nothing. */
export type Installed = 'absent' | 'outdated' | 'off' | 'on'

export interface Facility {
  readonly name: FacilityName
  /** @throws BackupError `usage` for paths that it can not write down, and for its files where others changed them */
  planInstall(job: Job, execute: Execute): Plan | Promise<Plan>
  /** Empty where nothing is installed. @throws BackupError `usage` */
  planRemove(job: Job, execute: Execute): Promise<Plan>
  inspect(job: Job, execute: Execute): Promise<Installed>
}
