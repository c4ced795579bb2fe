/** Who is told what runs came to: the right word at the right time, and a run that is as it would be without. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import { exitOf, registeredMachine } from '../support/commands.ts'
import { makeLocalAuthority } from '../support/local-authority.ts'
import { startWebhookReceiver } from '../support/webhook-receiver.ts'

interface Body {
  readonly notice: string
  readonly missed: string | null
  readonly run: { readonly job: string; readonly error: string | null } | null
  readonly details?: { readonly error: string }
}

it('are told of runs that fail, succeed and were missed; who can not be told disturbs nothing', async () => {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault)
  const at = (name: string) => join(vault.scratch, name)
  mkdirSync(at('data'))
  writeFileSync(at('data/file'), 'content')
  const authority = await makeLocalAuthority()
  writeFileSync(at('authority.pem'), authority.certificate)
  const { url, received } = await startWebhookReceiver(authority.server)
  const news = () => received.splice(0).map(({ body }) => JSON.parse(body) as Body)
  const set = (...words: string[]) => machine.backup('policy', 'notices', 'set', ...words)
  await machine.backup('policy', 'include', at('data'))
  await set('--webhook', url, '--ca-file', at('authority.pem'), '--on', 'success,failure,missed')

  expect(exitOf(await machine.backup('policy', 'notices', 'test'))).toMatchObject({ code: 0 })
  expect(news()).toMatchObject([{ notice: 'test', run: null }])

  const done = await machine.backup('run')
  expect(done.event('notice')).toMatchObject({ notice: 'success', failure: null })
  expect(news()).toMatchObject([
    { notice: 'success', run: { job: done.event('job')?.['id'], files: 1, error: null } },
  ])
  expect(JSON.stringify(done.events)).not.toContain('secret-part')

  // Nobody looked for three days.
  const served = join(machine.state, 'served.json')
  writeFileSync(served, JSON.stringify({ files: { servedUntilMs: Date.now() - 3 * dayMs } }))
  expect(exitOf(await machine.backup('run', '--if-due'))).toMatchObject({ code: 0 })
  const [missed, madeUp] = news()
  expect(missed).toMatchObject({ notice: 'missed', run: null })
  expect(Date.parse(missed?.missed ?? '')).toBeLessThan(Date.now() - 15 * 60_000)
  expect(madeUp).toMatchObject({ notice: 'success' })

  await vault.service.stop()
  const jobs = async () => (await machine.backup('jobs')).events.filter((e) => e.event === 'job')
  await set('--details')
  for (const notice of ['sent', 'repeated']) {
    expect(exitOf(await machine.backup('run', '--wait', '0'))).toMatchObject({ code: 20 })
    expect((await jobs()).at(-1)).toMatchObject({ outcome: 'failed', notice })
  }
  const [failed, ...others] = news()
  expect(failed).toMatchObject({ notice: 'failure', run: { error: 'unreachable' } })
  expect(failed?.details?.error).toContain('127.0.0.1')
  expect(others).toEqual([])

  // Nobody is at that port.
  await set('--webhook', 'https://127.0.0.1:9/gone')
  // As if nothing had been told: the failure is news again.
  writeFileSync(join(machine.state, 'notices.json'), '{}')
  const unheard = await machine.backup('run', '--wait', '0')
  expect(exitOf(unheard)).toMatchObject({ code: 20, error: 'unreachable' })
  expect(unheard.event('notice')?.['failure']).toContain('ECONNREFUSED')
  expect((await jobs()).at(-1)).toMatchObject({ outcome: 'failed', notice: 'failed' })
  const found = (await machine.backup('doctor')).events.find(({ name }) => name === 'notices')
  expect(found).toMatchObject({ outcome: 'warning' })
  expect(found?.['message']).toContain('ECONNREFUSED')
  const test = await machine.backup('policy', 'notices', 'test')
  expect(exitOf(test)).toMatchObject({ code: 1, error: 'notice-unsent' })
  expect(readFileSync(join(machine.state, 'log', 'backup.log'), 'utf8')).toContain('ECONNREFUSED')
}, 120_000)
