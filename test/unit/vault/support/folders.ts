/** A folder of its own for each test that asks, gone afterwards. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export async function makeFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'backup-vault-test-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}
