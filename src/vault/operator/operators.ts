/** Who the operators with keys are. Whoever changes that has passed requireApproval. */

import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { listOperators, type Operator } from '../catalog/operators.ts'
import type { OperatorContext } from './context.ts'

export interface NewOperator {
  readonly name: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

type Context = Pick<OperatorContext, 'log' | 'catalog'>

/** @throws BackupError `usage`, `already-exists`: one key is one person */
export async function checkNewOperator(context: Context, wanted: NewOperator): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(wanted.name)) {
    throw new BackupError('usage', `${JSON.stringify(wanted.name)} can not name an operator.`, {
      hint: 'Use 1 to 32 of a-z, 0-9 and -, not beginning with -.',
    })
  }
  const taken = (await listOperators(context.catalog)).find(
    ({ name, publicKey }) => name === wanted.name || equalBytes(publicKey, wanted.publicKey),
  )
  if (taken === undefined) return
  throw new BackupError('already-exists', `The operator ${taken.name} has that name or that key.`, {
    hint: 'Each operator has a name and a key of his own: backup-vault operators keygen.',
  })
}

export async function addNewOperator(context: Context, wanted: NewOperator): Promise<void> {
  await context.log.append(async () => {
    await checkNewOperator(context, wanted)
    return { kind: 'operator-added', ...wanted }
  })
}

/** @throws BackupError `not-found` */
export async function operatorNamed({ catalog }: Context, name: string): Promise<Operator> {
  const found = (await listOperators(catalog)).find((one) => one.name === name)
  if (found !== undefined) return found
  throw new BackupError('not-found', `There is no operator ${JSON.stringify(name)}.`, {
    hint: 'backup-vault operators list shows those there are.',
  })
}

export async function removeOperatorNamed(context: Context, name: string): Promise<void> {
  await context.log.append(async () => {
    await operatorNamed(context, name)
    return { kind: 'operator-removed', name }
  })
}
