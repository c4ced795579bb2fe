/** What the services of the timer and of the daemon have in common: the words of a line, manners, and what they are kept from. */

import { exitStatus, type ExitName } from '../../base/errors.ts'
import { credentialName } from '../keys/open-key-store.ts'
import type { Job } from './facility.ts'

/** `[Service]`, but for what kind it is: what to start, and with which rights. */
export const serviceLines = (job: Job, words: readonly string[]): string[] => [
  `Environment=${quoted(`BACKUP_STATE_DIR=${job.stateDirectory}`)}`,
  `ExecStart=${commandLine(job, words)}`,
  ...credentialLines(job),
  `SuccessExitStatus=${exitStatus['left-out']} ${exitStatus.terminated}`,
  `RestartPreventExitStatus=${hopeless.map((name) => exitStatus[name]).join(' ')}`,
  'Nice=10',
  'IOSchedulingClass=best-effort',
  'IOSchedulingPriority=7',
  'UMask=0077',
  ...hardening,
  ...(job.owner.isSystem ? systemHardening(job.stateDirectory) : []),
]

/** The path is the rest of the line: nothing is quoted, only % doubled. */
const credentialLines = ({ credential }: Job): string[] => {
  if (credential === undefined) return []
  const word = credential.sealed ? 'LoadCredentialEncrypted' : 'LoadCredential'
  return [`${word}=${credentialName}:${credential.file.replaceAll('%', '%%')}`]
}

/** The first word is a path: what $ means in the others, it does not mean there. */
const commandLine = ({ program: { node, script } }: Job, words: readonly string[]): string =>
  [quoted(node), ...[script, ...words].map((word) => quoted(word, dollarsDoubled))].join(' ')

export const networkLines = ({ owner }: Job): string[] =>
  owner.isSystem ? ['Wants=network-online.target', 'After=network-online.target'] : []

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

export const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`
