/** `backup key-store escrow`: the master key, for somebody who can be trusted with all of it. */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { createFile } from '../../base/files.ts'
import { sealEscrow } from '../../agent/keys/escrow.ts'
import { registrationOf } from '../../agent/state/state.ts'
import { isHardened } from '../../crypto/held-key.ts'
import type { CommandContext } from './context.ts'
import { keyOf } from './key-store-of.ts'
import { withConnection } from './open.ts'
import { stateOf } from './state-of.ts'
import { masterKeyBySlot, type Reading } from './reading.ts'

interface EscrowOptions extends Reading {
  readonly recipient: string
  readonly out: string
}

export function addEscrow(parent: Command, context: CommandContext): void {
  parent
    .command('escrow')
    .description(
      'write the key for a safe, encrypted to a recipient of age: who decrypts it can read all',
    )
    .requiredOption('--recipient <recipient>', 'as age-keygen shows it: age1…')
    .requiredOption('--out <file>', 'the new file')
    .option('--passphrase-file <file>', 'on a hardened machine: the passphrase, in a file')
    .action((options: EscrowOptions) => escrow(context, options))
}

async function escrow(context: CommandContext, options: EscrowOptions): Promise<void> {
  const { recipient, out } = options
  const state = stateOf(context.host)
  const registration = await registrationOf(state)
  const key =
    registration.hardened === undefined
      ? await keyOf(context, state, registration)
      : await withConnection(context, (agent) => masterKeyBySlot(context, agent, options))
  if (isHardened(key)) throw halfHardened()
  try {
    const sealed = await sealEscrow(key, registration, recipient)
    if (!(await createFile(resolve(context.host.cwd(), out), utf8(sealed), 0o600))) {
      throw new BackupError('already-exists', `${out} exists already.`, {
        hint: 'Choose another name.',
      })
    }
  } finally {
    key.dispose()
  }
  context.output.event({ event: 'escrow-written', file: out, recipient })
  context.output.line(`The key is in ${out}, for ${recipient} alone.`)
  context.output.note('Back from there: age -d, then backup key-store move file --escrow-file FILE')
}

/** Hardening was interrupted after the key store had given up the master key. */
const halfHardened = (): BackupError =>
  new BackupError('epoch-closed', 'This machine has given up its master key.', {
    hint: 'End what was begun, backup key-store harden, or turn back: backup key-store soften',
  })
