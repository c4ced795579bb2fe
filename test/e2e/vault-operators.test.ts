/** The built `backup-vault` with two operators: nothing that destroys runs on one person's word. */

import { join } from 'node:path'
import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { savePinRequest } from '../../src/vault/catalog/pins.ts'
import { oneMachine } from '../../src/vault/operator/machines.ts'
import { run, type Ended } from '../support/commands.ts'
import { enrolMachine } from '../support/enrol-client.ts'
import { startVault, type StartedVault } from '../support/running-vault.ts'

const codeOf = (ended: Ended) => ended.event('exit')?.['error'] ?? null

async function operated() {
  const service = await startVault()
  const { directory } = service
  const vault = (...words: string[]) =>
    run('backup-vault', ['--dir', directory, '--json', ...words])
  const add = async (name: string) => {
    const key = join(directory, `${name}.key`)
    const made = await vault('operators', 'keygen', '--out', key)
    expect(statSync(key).mode & 0o777).toBe(0o600)
    const publicKey = String(made.event('operator-key')?.['publicKey'])
    return { key, words: ['operators', 'add', name, `--public-key=${publicKey}`] }
  }
  await enrolMachine(await service.credential(), 'laptop')
  await waitForWords(service)
  return { vault, add }
}

/** A request of the machine that waits for a PIN, and a clock that waits to be confirmed. */
async function waitForWords({ vault }: StartedVault) {
  const { id: machineId } = await oneMachine(vault, { machine: 'laptop' })
  const asked = { machineId, operation: 'data-give-up', body: new Uint8Array(1), askedAt: 1 }
  await savePinRequest(vault.catalog, { digest: 'ab'.repeat(32), ...asked })
  await vault.log.append(() => ({ kind: 'clock-suspended', seenAt: 1, clockAt: 2 }))
}

test('two operators have to agree on what destroys, and on who they are', async () => {
  const { vault, add } = await operated()
  const ann = await add('ann')
  const bob = await add('bob')
  expect(codeOf(await vault(...ann.words))).toBeNull()
  expect(codeOf(await vault('immutability', 'home', 'on'))).toBeNull()
  expect(codeOf(await vault('immutability', 'home', 'off'))).toBeNull()
  expect(codeOf(await vault(...bob.words))).toBeNull()

  await vault('immutability', 'home', 'on')
  await vault('vault', 'set-soft-delete', 'home', '30')
  await vault('hold', 'set', 'laptop')
  const mallory = await add('mallory')
  const dangerous = [
    ['pin', 'abab-abab-abab'],
    ['clock', 'confirm'],
    ['immutability', 'home', 'off'],
    ['vault', 'set-soft-delete', 'home', '14'],
    ['hold', 'clear', 'laptop'],
    ['machines', 'delete', 'laptop', '--confirm', 'laptop'],
    ['vault', 'delete', 'home', '--confirm', 'home'],
    ['operators', 'remove', 'bob'],
    mallory.words,
  ]
  for (const words of dangerous) {
    const alone = await vault(...words)
    expect([words, alone.code, codeOf(alone)]).toEqual([words, 22, 'approval-required'])
    expect(codeOf(await vault(...words, '--operator-key', ann.key))).toBe('approval-required')
  }
  const stranger = await vault(...mallory.words, '--operator-key', mallory.key)
  expect(codeOf(stranger)).toBe('approval-refused')
  const listed = (await vault('approvals', 'list')).events.filter((one) => one.event === 'approval')
  expect(listed).toHaveLength(dangerous.length)
  expect((await vault('operators', 'list')).events.map((one) => one['name'])).not.toContain(
    'mallory',
  )

  const off = listed.find((one) => one['operation'] === 'immutability-off')
  const id = String(off?.['id']).slice(0, 12)
  const own = await vault('approvals', 'approve', id, '--operator-key', ann.key)
  expect(codeOf(own)).toBe('approval-refused')
  const shown = (await vault('approvals', 'show', id)).event('approval')
  expect(shown).toMatchObject({
    state: 'waits',
    text: 'end the immutability of home',
    askedBy: 'ann',
  })
  expect(codeOf(await vault('approvals', 'approve', id, '--operator-key', bob.key))).toBeNull()

  expect(codeOf(await vault('rebuild-catalog'))).toBeNull()
  const end = ['immutability', 'home', 'off', '--operator-key', ann.key]
  const done = await vault(...end)
  expect(done.event('immutability')).toMatchObject({ immutability: 'off' })
  await vault('immutability', 'home', 'on')
  expect(codeOf(await vault(...end))).toBe('approval-required')
  const replay = await vault('approvals', 'approve', id, '--operator-key', bob.key)
  expect(codeOf(replay)).toBe('approval-refused')
  expect((await vault('approvals', 'show', id)).event('approval')).toMatchObject({ state: 'used' })
}, 180_000)
