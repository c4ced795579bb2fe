/** Where the agent keeps its state when nobody says (XDG Base Directory, Apple's and Microsoft's conventions). */

import { join } from 'node:path'
import type { System } from './vault-directory.ts'

/** `BACKUP_STATE_DIR` over all; the machine's own place for root; the user's otherwise. */
export function agentStateDirectory({ platform, env, isRoot }: System): string {
  const given = env['BACKUP_STATE_DIR']
  if (given) return given
  const home = env['HOME'] ?? env['USERPROFILE'] ?? '/'
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local')
    return join(local, 'backup-agent')
  }
  if (isRoot) return '/var/lib/backup-agent'
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'backup-agent')
  return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'backup-agent')
}
