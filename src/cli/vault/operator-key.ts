/** `--operator-key FILE`: who asks, or approves, where two operators have to agree. */

import { Option } from 'commander'
import { readSecretFile } from '../../base/files.ts'
import {
  maxOperatorKeyBytes,
  openOperatorKey,
  type OperatorKey,
} from '../../vault/approvals/operator-key.ts'
import { requireApproval } from '../../vault/approvals/require-approval.ts'
import type { Wanted } from '../../vault/approvals/request.ts'
import type { OpenVault } from '../../vault/open.ts'

export interface OperatorKeyOption {
  readonly operatorKey?: string
}

export const operatorKeyOption = (): Option =>
  new Option('--operator-key <file>', 'your key: needed while there are two operators or more')

/** @throws BackupError `file-unreadable`, `file-permissions`, `malformed` */
export const readOperatorKey = async (path: string): Promise<OperatorKey> =>
  openOperatorKey(await readSecretFile(path, maxOperatorKeyBytes))

/** To be awaited before what is wanted is done. @throws BackupError `approval-required`, `approval-refused` */
export async function agree(
  vault: OpenVault,
  wanted: Wanted,
  { operatorKey }: OperatorKeyOption,
): Promise<void> {
  const key = operatorKey === undefined ? undefined : await readOperatorKey(operatorKey)
  await requireApproval(vault, wanted, key)
}
