/** Where a vault is kept when nobody says. */

import { join } from 'node:path'

export interface System {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it runs as root, where there is such a thing. */
  readonly isRoot: boolean
}

export function defaultVaultDirectory(system: System): string {
  const { env } = system
  if (system.platform === 'win32') {
    return join(env['ProgramData'] ?? env['LOCALAPPDATA'] ?? 'C:\\ProgramData', 'backup-vault')
  }
  if (system.isRoot) return '/var/lib/backup-vault'
  const home = env['HOME'] ?? '/'
  if (system.platform === 'darwin') {
    return join(home, 'Library', 'Application Support', 'backup-vault')
  }
  return join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'backup-vault')
}
