/** A rotation of the master key, killed at every step: the machine goes on under the old key or the new one, and both open all. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { issuePin } from '../../src/vault/pins/issue-pin.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import { bareMachine, exitOf, registeredMachine } from '../support/commands.ts'
import { killedAtEachStep } from '../support/killed-at-each-step.ts'

describe('a rotation of the master key that is killed at every step', { timeout: 400_000 }, () => {
  it('leaves a machine that backs up, reads all its points, and is recovered with one passphrase', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault, 'laptop')
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), 'content')
    await machine.backup('policy', 'include', folder)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    const rotate = ['rotate-key', '--passphrase-file', machine.passphraseFile]
    const asked = (await machine.backup(...rotate)).event('pin-required')
    const { pin } = await issuePin(vault.service.vault, String(asked?.['requestCode']))

    const seen = new Set<unknown>()
    await killedAtEachStep({
      machine,
      words: [...rotate, '--pin', pin],
      folders: [machine.state],
      watched: /^(master.*|slot.*|config.*|registration\.json|rotation\.pending)$/,
      look: async (step) => {
        const where = `step ${step}`
        expect(exitOf(await machine.backup('run')), where).toMatchObject({ code: 0 })
        const listed = (await machine.backup('points')).events
        const states = listed.flatMap((e) => (e.event === 'point' ? [e] : []))
        seen.add(states.at(-1)?.['repository'])
        // Points that the new key made are another key's for a machine that was set back to the old one.
        const own = states.filter(({ repository }) => repository === 0)
        expect(new Set(own.map(({ state }) => state)), where).toEqual(new Set(['complete']))
      },
    })
    expect(seen).toEqual(new Set([0, 1]))
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(exitOf(await machine.backup('verify', '--read-data'))).toMatchObject({ code: 0 })

    const spare = bareMachine(vault.scratch, 'spare')
    const recover = ['recover', '--vault-credentials', await vault.credential('laptop')]
    const passphrase = ['--passphrase-file', spare.passphraseFile]
    expect(await spare.backup(...recover, ...passphrase)).toMatchObject({ code: 0 })
    const states = (await spare.backup('points')).events.flatMap((e) =>
      e.event === 'point' ? [e['state']] : [],
    )
    expect(states.length).toBeGreaterThan(2)
    expect(new Set(states)).toEqual(new Set(['complete']))
  })
})
