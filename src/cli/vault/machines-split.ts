/** `backup-vault machines split MACHINE --out FILE`: one of two copies of a machine becomes a machine of its own. */

import type { Command } from 'commander'
import { noteSplit } from '../../vault/catalog/lineages.ts'
import { oneMachine } from '../../vault/operator/machines.ts'
import type { CommandContext } from './context.ts'
import { checkNewFile, writeNewFile } from './new-file.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly out: string
  readonly force?: true
}

export function addMachinesSplit(parent: Command, { output }: CommandContext): void {
  parent
    .command('split')
    .description('issue a credential for the copy of a machine, so that it registers as another')
    .argument('<machine>', 'its name, or the beginning of its id')
    .requiredOption('--out <file>', 'where to write the credential; only you can read the file')
    .option('--force', 'replace the file if it is there')
    .action(async (text: string, { out, ...options }: Options, command: Command) => {
      const { issueCredential } = await import('../../vault/enrolment/issue-credential.ts')
      const { name, id } = await withVault(command, async (vault) => {
        const force = options.force === true
        const machine = await oneMachine(vault, { machine: text })
        await checkNewFile(out, force)
        const wanted = { vaultId: machine.vaultId, machineId: null }
        await writeNewFile(out, (await issueCredential(vault, wanted)).bytes, force)
        await noteSplit(vault.catalog, machine.id, vault.clock.now())
        return machine
      })
      output.event({ event: 'machine-split', id, name, file: out })
      output.line(`Wrote ${out}: a credential for the copy of ${name}, good for 48 hours.`)
      output.note(
        `On the copy: backup register --replace --vault-credentials ${out} --name ANOTHER-NAME`,
      )
      output.note(`The registration of ${name} stays with the machine that goes on as it is.`)
    })
}
