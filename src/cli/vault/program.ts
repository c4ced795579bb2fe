/** All commands of `backup-vault`, and the options that each of them takes. */

import { Command } from 'commander'
import { defaultVaultDirectory } from '../../config/vault-directory.ts'
import { prepareCommands } from '../render/command-line.ts'
import { version } from '../render/version.ts'
import { addApprovals } from './approvals.ts'
import { addClock } from './clock.ts'
import { addCollect } from './collect.ts'
import type { CommandContext } from './context.ts'
import { addCredentials } from './credentials.ts'
import { addHold } from './hold.ts'
import { addImmutability } from './immutability.ts'
import { addInit } from './init.ts'
import { addMachinesDelete } from './machines-delete.ts'
import { addMachinesKeep } from './machines-keep.ts'
import { addMachinesList } from './machines-list.ts'
import { addMachinesRevoke } from './machines-revoke.ts'
import { addMachinesSplit } from './machines-split.ts'
import { addOperators } from './operators.ts'
import { addPin } from './pin.ts'
import { addRebuildCatalog } from './rebuild-catalog.ts'
import { addRetention } from './retention.ts'
import { addScrub } from './scrub.ts'
import { addServe } from './serve.ts'
import { addStatus } from './status.ts'
import { addVaultCreate } from './vault-create.ts'
import { addVaultDelete } from './vault-delete.ts'
import { addVaultList } from './vault-list.ts'
import { addVaultSetAddress } from './vault-set-address.ts'
import { addVaultSetSoftDelete } from './vault-set-soft-delete.ts'

/** Throws a CommanderError instead of ending the process. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('backup-vault')
    .description('Keeps the encrypted recovery points of many machines.')
    .version(version)
  addGlobalOptions(program, context)
  addInit(program, context)
  addVaults(program, context)
  addCredentials(program, context)
  addMachines(program, context)
  addRetention(program, context)
  addCollect(program, context)
  addScrub(program, context)
  addHold(program, context)
  addImmutability(program, context)
  addPin(program, context)
  addOperators(program, context)
  addApprovals(program, context)
  addClock(program, context)
  addServe(program, context)
  addStatus(program, context)
  addRebuildCatalog(program, context)
  prepareCommands(program, context.host, context.output)
  return program
}

function addVaults(program: Command, context: CommandContext): void {
  const vault = program.command('vault').description('make and list vaults; settings of one')
  addVaultCreate(vault, context)
  addVaultList(vault, context)
  addVaultSetAddress(vault, context)
  addVaultSetSoftDelete(vault, context)
  addVaultDelete(vault, context)
}

function addMachines(program: Command, context: CommandContext): void {
  const machines = program.command('machines').description('list, revoke and delete machines')
  addMachinesList(machines, context)
  addMachinesRevoke(machines, context)
  addMachinesSplit(machines, context)
  addMachinesDelete(machines, context)
  addMachinesKeep(machines, context)
}

function addGlobalOptions(program: Command, { host }: CommandContext): void {
  const isRoot = host.platform !== 'win32' && host.getuid?.() === 0
  const standard = defaultVaultDirectory({ platform: host.platform, env: host.env, isRoot })
  program
    .option(
      '--dir <dir>',
      "the vault's directory (or BACKUP_VAULT_DIR)",
      host.env['BACKUP_VAULT_DIR'] ?? standard,
    )
    .option('--json', 'one JSON object per line, an exit record last')
    .option('-q, --quiet', 'results and errors only')
    .option('-v, --verbose', 'say more')
}
