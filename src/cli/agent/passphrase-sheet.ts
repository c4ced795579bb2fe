/** `backup passphrase sheet`: what to print and lock away for the day on which the machine is gone. */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { createFile } from '../../base/files.ts'
import { fingerprintOf } from '../../agent/register/fingerprint.ts'
import { openAnySlot, storedSlots } from '../../agent/keys/slots.ts'
import type { CommandContext } from './context.ts'
import { withConnection, type ConnectedAgent } from './open.ts'
import { givenPassphrase } from './passphrase.ts'
import { sheetHtml, sheetText, type RecoverySheet } from './recovery-sheet.ts'

interface SheetOptions {
  readonly out: string
  readonly html?: true
  readonly passphraseFile?: string
}

export function addPassphraseSheet(parent: Command, context: CommandContext): void {
  parent
    .command('sheet')
    .description('write a recovery sheet to print: vault, machine, fingerprint, passphrase')
    .requiredOption('--out <file>', 'the new file, for you alone')
    .option('--html', 'a page to print, with a QR code')
    .option('--passphrase-file <file>', 'put the passphrase on it, proven first; a blank otherwise')
    .action((options: SheetOptions) =>
      withConnection(context, (agent) => write(context, agent, options)),
    )
}

async function write(
  context: CommandContext,
  agent: ConnectedAgent,
  { out, html, passphraseFile }: SheetOptions,
): Promise<void> {
  const { vaultName, address, port, machineName, machineId } = agent.registration
  const sheet: RecoverySheet = {
    ...{ vaultName, address: `${address}:${port}`, machineName, machineId },
    fingerprint: fingerprintOf(agent.registration),
    passphrase:
      passphraseFile === undefined
        ? undefined
        : await provenPassphrase(context, agent, passphraseFile),
    printedAt: new Date().toISOString().slice(0, 10),
  }
  const text = html ? await sheetHtml(sheet) : sheetText(sheet)
  sheet.passphrase?.dispose()
  const path = resolve(context.host.cwd(), out)
  if (!(await createFile(path, utf8(text), 0o600))) {
    throw new BackupError('already-exists', `${out} exists already.`, {
      hint: 'Choose another name.',
    })
  }
  context.output.event({ event: 'sheet-written', file: path })
  context.output.line(`The recovery sheet is in ${out}.`)
  context.output.note('Print it, keep it apart from this machine, and remove the file.')
}

async function provenPassphrase(
  context: CommandContext,
  { connection, registration }: ConnectedAgent,
  passphraseFile: string,
): Promise<Secret> {
  const passphrase = await givenPassphrase(context, { passphraseFile })
  const opened = await openAnySlot(await storedSlots(connection, registration), passphrase)
  opened.masterKey.dispose()
  return passphrase
}
