/** `backup-vault credentials NAME --out FILE | --recover MACHINE --out FILE | --revoke` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { oneMachine } from '../../vault/operator/machines.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { checkNewFile, writeNewFile } from './new-file.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly out?: string
  readonly recover?: string
  readonly revoke?: true
  readonly force?: true
}

export function addCredentials(parent: Command, { output }: CommandContext): void {
  parent
    .command('credentials')
    .description(
      'issue a vault credential: a file that is good for 48 hours, or revoke those of a vault',
    )
    .argument('<vault>')
    .option('--out <file>', 'where to write it; only you can read the file')
    .option('--recover <machine>', "for reading this machine's points on another machine")
    .option('--revoke', 'no credential of this vault is good any more')
    .option('--force', 'replace the file if it is there')
    .action(async (name: string, options: Options, command: Command) => {
      checkUsage(options)
      if (options.revoke) {
        const revoked = await withVault(command, (vault) => revokeAll(vault, name))
        output.event({ event: 'credentials-revoked', vault: name, count: revoked })
        output.line(`${revoked} credentials of ${name} are refused from now on.`)
        return
      }
      const made = await withVault(command, (vault) => issueTo(vault, name, options))
      output.event({ event: 'credential', vault: name, ...made })
      output.line(
        `Wrote ${made.file}: good until ${timeText(made.expiresAt)}, and only while it is the newest.`,
      )
      output.note(
        made.purpose === 'register'
          ? `On the machine: backup register --vault-credentials ${made.file}`
          : `On another machine: backup recover --vault-credentials ${made.file} --passphrase-file FILE`,
      )
    })
}

function checkUsage(options: Options): void {
  if (options.revoke === true && (options.out ?? options.recover) !== undefined) {
    throw new BackupError('usage', '--revoke goes with neither --out nor --recover.')
  }
  if (options.revoke === undefined && options.out === undefined) {
    throw new BackupError('usage', 'Say where to write the credential: --out FILE.')
  }
}

async function revokeAll(vault: OpenVault, name: string): Promise<number> {
  const { revokeCredentials } = await import('../../vault/enrolment/issue-credential.ts')
  const { id } = await vaultNamed(vault.catalog, name)
  return await revokeCredentials(vault, id)
}

/** Looks first: a credential that can not be written must not make the one before it useless. */
async function issueTo(vault: OpenVault, name: string, options: Options) {
  const { id: vaultId } = await vaultNamed(vault.catalog, name)
  const machine =
    options.recover === undefined
      ? undefined
      : await oneMachine(vault, { vaultId, machine: options.recover, also: ['retired'] })
  const file = options.out ?? ''
  await checkNewFile(file, options.force === true)
  const { issueCredential } = await import('../../vault/enrolment/issue-credential.ts')
  const issued = await issueCredential(vault, { vaultId, machineId: machine?.id ?? null })
  await writeNewFile(file, issued.bytes, options.force === true)
  return {
    file,
    purpose: machine === undefined ? ('register' as const) : ('recover' as const),
    machineId: machine?.id ?? null,
    serial: issued.serial,
    expiresAt: issued.expiresAt,
  }
}
