/** A text in the editor of the person at the terminal. A draft that is not taken over stays. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { makeDirectoryDurable, readBounded } from '../../base/files.ts'
import { maxPolicyBytes } from '../../agent/policy-file/document.ts'
import type { CommandContext, Host } from './context.ts'

export interface Draft {
  readonly path: string
  /** Hands the text over; where that fails the draft stays, and the error says where. */
  take(work: (bytes: Uint8Array) => Promise<void>): Promise<void>
}

/** Undefined where the text was left as it was. */
export async function editText(
  { host }: CommandContext,
  { directory, source, text }: Record<'directory' | 'source' | 'text', string>,
): Promise<Draft | undefined> {
  await makeDirectoryDurable(directory)
  const folder = await mkdtemp(join(directory, 'policy-edit-'))
  const path = join(folder, `${source}.yaml`)
  await writeFile(path, text, { mode: 0o600 })
  const forget = () => rm(folder, { recursive: true, force: true })
  try {
    await openEditor(host, path)
  } catch (error) {
    await forget()
    throw error
  }
  const bytes = await readBounded(path, maxPolicyBytes)
  if (Buffer.from(bytes).equals(Buffer.from(text))) {
    await forget()
    return undefined
  }
  return {
    path,
    take: async (work) => {
      try {
        await work(bytes)
      } catch (error) {
        throw keptDraft(error, path)
      }
      await forget()
    },
  }
}

/** Through the shell, as editors are given with their options. */
async function openEditor({ env, platform }: Host, path: string): Promise<void> {
  const editor = env['VISUAL'] || env['EDITOR'] || (platform === 'win32' ? 'notepad' : 'vi')
  const quoted = platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", `'\\''`)}'`
  const child = spawn(`${editor} ${quoted}`, { shell: true, stdio: 'inherit' })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code === 0) return
  throw new BackupError('usage', `The editor ${editor} ended with ${code ?? 'a signal'}.`, {
    hint: 'Nothing was changed. Choose another one with VISUAL or EDITOR.',
  })
}

function keptDraft(error: unknown, path: string): unknown {
  if (!(error instanceof BackupError)) return error
  const { code, message, facts, hint } = error
  const kept = `Nothing was changed. What was written stays: mend it, then backup policy apply ${path}`
  return new BackupError(code, message, {
    ...{ facts, cause: error },
    hint: hint === undefined ? kept : `${hint} ${kept}`,
  })
}
