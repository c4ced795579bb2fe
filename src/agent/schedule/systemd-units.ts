/** The text of a systemd timer and its service (systemd.timer(5), systemd.service(5), systemd.syntax(7), systemd.time(7)). */

import { exitStatus, type ExitName } from '../../base/errors.ts'
import { timeOfDayText, weekdays } from '../../policy/schedule-words.ts'
import { lookWords, type Job } from './facility.ts'
import { lookTimes, type LookTime } from './looks.ts'
import { mark } from './paths.ts'

export const unitName = 'backup-agent'

export const timerText = ({ schedules }: Job): string =>
  lines(
    `# ${mark}`,
    '[Unit]',
    'Description=Look whether a backup is due',
    '',
    '[Timer]',
    ...lookTimes(schedules).map((look) => `OnCalendar=${calendarText(look)}`),
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
  )

/** `Mon,Thu *-*-* 21:00:00 Europe/Berlin` */
export function calendarText({ minuteOfDay, daysOfWeek, timeZone }: LookTime): string {
  const days = daysOfWeek?.map((day) => (weekdays[day] ?? '').slice(0, 3)).join(',')
  const time = `*-*-* ${timeOfDayText(minuteOfDay)}:00`
  return [days, time, timeZone].filter((part) => part != null).join(' ')
}

export function serviceText({ owner, program, stateDirectory }: Job): string {
  const { node, script } = program
  // The first word is a path: what $ means in the others, it does not mean there.
  const words = [
    quoted(node),
    ...[script, ...lookWords].map((word) => quoted(word, dollarsDoubled)),
  ]
  return lines(
    `# ${mark}`,
    '[Unit]',
    'Description=Back up what is due',
    ...(owner.isSystem ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=oneshot',
    `Environment=${quoted(`BACKUP_STATE_DIR=${stateDirectory}`)}`,
    `ExecStart=${words.join(' ')}`,
    `SuccessExitStatus=${exitStatus['left-out']} ${exitStatus.terminated}`,
    'Restart=on-failure',
    'RestartSec=15min',
    `RestartPreventExitStatus=${hopeless.map((name) => exitStatus[name]).join(' ')}`,
    'Nice=10',
    'IOSchedulingClass=best-effort',
    'IOSchedulingPriority=7',
    'UMask=0077',
    ...hardening,
    ...(owner.isSystem ? systemHardening(stateDirectory) : []),
  )
}

/** What only a person can mend. */
const hopeless: readonly ExitName[] = [
  'usage',
  'damage',
  'not-registered',
  'refused-credential',
  'refused-retention',
]

/**
 * Nothing that hides a source: no ProtectHome, PrivateTmp, PrivateDevices, ProtectProc, ProtectKernelModules,
 * ProtectKernelTunables or ProtectKernelLogs, and no PrivateUsers, which hides owners. No MemoryDenyWriteExecute: V8
 * compiles at run time.
 */
const hardening = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'SystemCallArchitectures=native',
  'SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap',
  'SystemCallErrorNumber=EPERM',
]

/**
 * A user's manager could do these only in a user namespace, where all files of others belong to nobody. Capabilities
 * are taken one by one: reading everything, trusted attributes among it, and commands that run as another user need
 * the others.
 */
const systemHardening = (stateDirectory: string): string[] => [
  'ProtectSystem=full',
  `ReadWritePaths=${quoted(`-${stateDirectory}`)}`,
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  `CapabilityBoundingSet=~${neverNeeded.join(' ')}`,
]

const neverNeeded = [
  'CAP_AUDIT_CONTROL',
  'CAP_BLOCK_SUSPEND',
  'CAP_BPF',
  'CAP_IPC_LOCK',
  'CAP_LINUX_IMMUTABLE',
  'CAP_MAC_ADMIN',
  'CAP_MAC_OVERRIDE',
  'CAP_MKNOD',
  'CAP_NET_ADMIN',
  'CAP_NET_BROADCAST',
  'CAP_NET_RAW',
  'CAP_SYS_BOOT',
  'CAP_SYS_MODULE',
  'CAP_SYS_PACCT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
]

const dollarsDoubled = (text: string): string => text.replaceAll('$', '$$$$')

/** Where it needs them in double quotes, with \ as C has it; and % doubled, which begins a specifier. */
function quoted(text: string, also = (inner: string) => inner): string {
  const inner = also(text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%'))
  return /^[\w%$./=@:-]+$/.test(inner) ? inner : `"${inner}"`
}

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`
