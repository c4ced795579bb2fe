/** Every failure that a user or a peer can meet: one table, one class. docs/errors.md is held to this table by a test. */

export type ExitName =
  | 'done'
  | 'failed'
  | 'usage'
  | 'left-out'
  | 'damage'
  | 'not-registered'
  | 'busy'
  | 'refused-credential'
  | 'unreachable'
  | 'full'
  | 'refused-retention'
  | 'interrupted'
  | 'terminated'

/** Exit status of both commands, the same with and without `--json`. */
export const exitStatus: Readonly<Record<ExitName, number>> = {
  done: 0,
  failed: 1,
  usage: 2,
  'left-out': 3,
  damage: 4,
  'not-registered': 10,
  busy: 11,
  'refused-credential': 12,
  unreachable: 20,
  full: 21,
  'refused-retention': 22,
  interrupted: 130,
  terminated: 143,
}

/** Of an exit status, the name; `failed` for what is none of ours. */
export const exitNameOf = (code: number): ExitName =>
  (Object.keys(exitStatus) as ExitName[]).find((name) => exitStatus[name] === code) ?? 'failed'

interface ErrorFacts {
  readonly exit: ExitName
  /** Status of the vault's answer that carries this code. */
  readonly http: number
  /** The same request may succeed later, unchanged. */
  readonly retryable: boolean
}

const facts = (exit: ExitName, http = 500, retryable = false): ErrorFacts => ({
  exit,
  http,
  retryable,
})

export const errorTable = {
  // what the caller asked for
  usage: facts('usage', 400),
  'not-found': facts('failed', 404),
  'unknown-point': facts('usage', 404),
  'unknown-source': facts('usage', 404),
  'already-exists': facts('failed', 409),
  'policy-invalid': facts('usage', 400),
  'not-registered': facts('not-registered'),
  'already-registered': facts('usage'),
  'name-taken': facts('failed', 409),
  busy: facts('busy', 409),
  interrupted: facts('interrupted'),
  terminated: facts('terminated'),

  // files of this machine
  'file-unreadable': facts('failed'),
  'file-unwritable': facts('failed'),
  'file-permissions': facts('refused-credential'),
  'disk-full': facts('full', 507),
  'state-damaged': facts('failed'),
  'nothing-readable': facts('failed'),
  'target-refused': facts('failed'),
  'privilege-withheld': facts('left-out'),
  'hook-failed': facts('failed'),
  'notice-unsent': facts('failed'),
  'scheduler-refused': facts('failed'),

  // credentials, certificates, passphrases
  'credential-malformed': facts('refused-credential', 400),
  'credential-altered': facts('refused-credential', 403),
  'credential-expired': facts('refused-credential', 403),
  'credential-superseded': facts('refused-credential', 403),
  'credential-revoked': facts('refused-credential', 403),
  'credential-purpose': facts('refused-credential', 403),
  'credential-unknown': facts('refused-credential', 403),
  'certificate-refused': facts('refused-credential', 403),
  'certificate-expired': facts('refused-credential', 403),
  'key-unavailable': facts('refused-credential'),
  'epoch-closed': facts('refused-credential'),
  'passphrase-weak': facts('refused-credential'),
  'passphrase-wrong': facts('refused-credential', 403),
  'too-many-tries': facts('refused-credential', 429),
  'read-only': facts('refused-credential', 403),

  // what was read is not what was written
  malformed: facts('damage', 400),
  damaged: facts('damage', 500),
  'missing-data': facts('damage', 404),
  'unsupported-format': facts('failed', 400),
  'verification-failed': facts('damage'),

  // the way to the vault
  unreachable: facts('unreachable', 503, true),
  'vault-untrusted': facts('refused-credential'),
  'vault-mismatch': facts('failed'),
  'vault-busy': facts('unreachable', 503, true),
  'proxy-refused': facts('unreachable', 407),

  // the vault's answers
  'hash-mismatch': facts('failed', 422, true),
  'too-large': facts('failed', 413),
  'length-required': facts('failed', 411),
  'unsupported-encoding': facts('failed', 415),
  'vault-full': facts('full', 507),
  'commit-missing': facts('failed', 409),
  'commit-refused': facts('failed', 409),
  'head-moved': facts('failed', 409),
  'machine-cloned': facts('failed', 409),
  'retention-refused': facts('refused-retention', 403),
  'pin-required': facts('refused-retention', 403),
  'pin-refused': facts('refused-retention', 403),
  'approval-required': facts('refused-retention', 403),
  'approval-refused': facts('refused-retention', 403),
  'vault-rolled-back': facts('damage'),
  'catalog-behind': facts('failed', 503),
  internal: facts('failed', 500),
} as const satisfies Record<string, ErrorFacts>

export type ErrorCode = keyof typeof errorTable

export interface ErrorDetails {
  /** What the user can do about it, one sentence. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Facts for machines, e.g. the missing ids of a refused commit. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined
}

/** The only error that leaves a module on purpose; `message` says what failed on what. */
export class BackupError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly facts: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'BackupError'
    this.code = code
    this.hint = details.hint
    this.facts = details.facts
  }

  get exit(): ExitName {
    return errorTable[this.code].exit
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable
  }
}

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorTable, text)

/** The error's code if it is one of ours, else undefined. */
export const errorCodeOf = (error: unknown): ErrorCode | undefined =>
  error instanceof BackupError ? error.code : undefined

/** The code of a failed system call (`ENOENT`), else undefined. */
export const systemCodeOf = (error: unknown): string | undefined =>
  error instanceof Error &&
  !(error instanceof BackupError) &&
  'code' in error &&
  typeof error.code === 'string'
    ? error.code
    : undefined

/** A sentence for people, whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
