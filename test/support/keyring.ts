/** A session bus with gnome-keyring on it, as a desktop has; both end with the test. */

import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { scratchDirectory } from './scratch.ts'

export interface Keyring {
  /** For processes that are to find it. */
  readonly env: Readonly<Record<string, string>>
}

/** `home`: where its files lie; the same again, with another password, is a locked keyring. */
export async function startKeyring(
  home: string = scratchDirectory(),
  password = 'login password',
): Promise<Keyring> {
  const runtime = join(home, 'runtime')
  mkdirSync(runtime, { recursive: true })
  chmodSync(runtime, 0o700)
  const env = { HOME: home, XDG_RUNTIME_DIR: runtime, PATH: process.env['PATH'] ?? '' }
  // The daemon has to own the name before anybody asks: nobody would start it a second time.
  const script = `
    printf %s "$PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    until gdbus_names | grep -q org.freedesktop.secrets; do sleep 0.1; done
    echo "$DBUS_SESSION_BUS_ADDRESS"; cat >/dev/null`
  const names = `gdbus_names() { dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames; }`
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', `${names}\n${script}`], {
    env: { ...env, PASSWORD: password },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  onTestFinished(async () => {
    child.stdin.end()
    await ended
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const first = (await lines.next()) as { value?: string }
  if (!first.value) throw new Error('There is no session bus.')
  return { env: { ...env, DBUS_SESSION_BUS_ADDRESS: first.value } }
}
