/** Whether those get word whom the policy names. */

import { authoritiesOf } from '../../agent/notices/deliver.ts'
import { readSmallSecret } from '../../agent/notices/read-secret.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { localTimeText } from '../render/units.ts'
import { ok, warning, type Finding } from './doctor-finding.ts'

/** @throws BackupError `file-permissions`, `file-unreadable` of what a notice needs */
export async function checkNotices(state: AgentState): Promise<Finding> {
  const policies = Object.entries(await state.loadPolicy())
  const told = (await state.told.load()) ?? {}
  const sources = policies.filter(([, { notices }]) => notices !== undefined)
  for (const [source, { notices }] of sources) {
    for (const file of [notices?.webhook?.tokenFile, notices?.smtp?.passwordFile]) {
      if (file !== undefined) await readSmallSecret(file)
    }
    await authoritiesOf(notices?.caFile)
    const unsent = told[source]?.unsent
    if (unsent === undefined) continue
    return warning(
      `A notice (${unsent.kind}) of ${localTimeText(unsent.atMs)} was not sent: ${unsent.message}`,
      `When that is mended: backup policy notices test --source ${source}`,
    )
  }
  return ok(sources.length === 0 ? 'nobody is told' : 'are sent')
}
