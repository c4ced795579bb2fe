import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deliver } from '../../../../src/agent/notices/deliver.ts'
import type { Notice } from '../../../../src/agent/notices/notice.ts'
import { checkedMail, checkedWebhook, type NoticeSettings } from '../../../../src/policy/notices.ts'
import { listen } from '../../../support/listen.ts'
import { makeLocalAuthority } from '../../../support/local-authority.ts'
import { startMailReceiver, type MailReceiverOptions } from '../../../support/mail-receiver.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { startWebhookReceiver } from '../../../support/webhook-receiver.ts'

const notice: Notice = {
  ...{ kind: 'failure', id: 'ab'.repeat(16), timeMs: Date.UTC(2026, 10, 25, 21) },
  ...{ machine: 'laptop', vault: 'home', source: 'files' },
  run: {
    ...{ job: 'cd'.repeat(16), error: 'unreachable', point: null, files: 7, leftOut: 0 },
    ...{ bytesRead: 300, bytesSent: 200, bytesStored: 100, durationMs: 12_400 },
  },
}

const authority = await makeLocalAuthority()

/** A file of a test, with that mode. */
function fileWith(text: string, mode = 0o600): string {
  const path = join(scratchDirectory(), 'file')
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
  return path
}

const settingsFor = (ways: Partial<NoticeSettings>): NoticeSettings => ({
  ...{ on: ['failure'], details: false, caFile: fileWith(authority.certificate) },
  ...ways,
})

interface Sent {
  readonly env?: Record<string, string>
  readonly signal?: AbortSignal
  readonly told?: Notice
}

const sent = (
  ways: Partial<NoticeSettings>,
  { env = {}, signal = new AbortController().signal, told = notice }: Sent = {},
) => deliver(told, settingsFor(ways), { env, signal })

/** Further tries would say the same. */
const soon = () => AbortSignal.timeout(500)

describe('a notice by webhook', () => {
  it('is JSON with the documented fields, and the token of a file', async () => {
    const { url, received } = await startWebhookReceiver(authority.server)
    const tokenFile = fileWith('token-1\n')
    const webhook = checkedWebhook({ url, tokenFile })
    expect(await sent({ webhook })).toEqual([
      { by: 'webhook', host: new URL(url).host, failure: undefined },
    ])
    const [request] = received
    expect(request?.path).toBe('/hook/secret-part')
    expect(request?.headers).toMatchObject({
      ...{ 'content-type': 'application/json', authorization: 'Bearer token-1' },
    })
    expect(JSON.parse(request?.body ?? '')).toEqual({
      ...{ version: 1, notice: 'failure', id: 'ab'.repeat(16), time: '2026-11-25T21:00:00.000Z' },
      ...{ machine: 'laptop', vault: 'home', source: 'files', missed: null },
      text: 'The source files of laptop was not backed up.',
      run: {
        ...{ job: 'cd'.repeat(16), error: 'unreachable', point: null, files: 7, leftOut: 0 },
        ...{ bytesRead: 300, bytesSent: 200, bytesStored: 100, durationSeconds: 12 },
      },
    })
  })

  it('is sent again where the other side may be of another mind, with the same id', async () => {
    const { url, received } = await startWebhookReceiver(authority.server, [503])
    const [delivery] = await sent({ webhook: checkedWebhook({ url }) })
    expect(delivery?.failure).toBeUndefined()
    expect(received).toHaveLength(2)
    expect(received[0]?.body).toBe(received[1]?.body)
  })

  it('goes nowhere but to its address, and is not repeated where it is refused', async () => {
    for (const status of [302, 404]) {
      const { url, received } = await startWebhookReceiver(authority.server, [status])
      const [delivery] = await sent({ webhook: checkedWebhook({ url }) })
      expect(delivery?.failure).toBe(`it answered with status ${status}`)
      expect(received).toHaveLength(1)
    }
  })

  it('tells nothing to whom nobody vouches for, nor of the address when it says so', async () => {
    const other = await makeLocalAuthority()
    const { url, received } = await startWebhookReceiver(other.server)
    const signal = soon()
    const [delivery] = await sent({ webhook: checkedWebhook({ url }) }, { signal })
    expect(delivery?.failure).toBeTypeOf('string')
    expect(JSON.stringify(delivery)).not.toContain('secret-part')
    expect(received).toEqual([])
  })

  it('does not wait for long for whom does not answer', async () => {
    const { url, received } = await startWebhookReceiver(authority.server, [null, null, null])
    const webhook = checkedWebhook({ url, timeLimitMs: 1000 })
    const [delivery] = await sent({ webhook })
    expect(delivery?.failure).toBe('no answer within 1 s')
    expect(received).toHaveLength(3)
  })

  it('is not sent with a token that others can read', async () => {
    const { url, received } = await startWebhookReceiver(authority.server)
    const webhook = checkedWebhook({ url, tokenFile: fileWith('token', 0o644) })
    const [delivery] = await sent({ webhook })
    expect(delivery?.failure).toContain('can be read by others')
    expect(received).toEqual([])
  })
})

const login = 'someone:the password'

const mailTo = (port: number, more: Partial<Parameters<typeof checkedMail>[0]> = {}) =>
  checkedMail({
    ...{
      host: '127.0.0.1',
      port,
      from: 'backup@laptop.test',
      to: ['me@home.test', 'you@home.test'],
    },
    ...more,
  })

const receiver = (options: Omit<MailReceiverOptions, 'pair'>) =>
  startMailReceiver({ pair: authority.server, ...options })

describe('a notice by mail', () => {
  it.each(['starttls', 'tls'] as const)('goes over %s, to all, with a login', async (tls) => {
    const { port, mails } = await receiver({ mode: tls, login })
    const passwordFile = fileWith('the password\n')
    const smtp = mailTo(port, { tls, user: 'someone', passwordFile })
    expect(await sent({ smtp })).toEqual([{ by: 'smtp', host: '127.0.0.1', failure: undefined }])
    const [mail] = mails
    expect(mail?.isEncrypted).toBe(true)
    expect(mail?.from).toBe('<backup@laptop.test>')
    expect(mail?.to).toEqual(['<me@home.test>', '<you@home.test>'])
    expect(mail?.text).toContain('Subject: backup: failure (files of laptop)')
    expect(mail?.text).toContain('Auto-Submitted: auto-generated')
    expect(mail?.text).toContain('The source files of laptop was not backed up.')
    expect(mail?.text).toMatch(/Error: +unreachable/)
  })

  it('is not sent in the clear where TLS is meant, nor is the password', async () => {
    const { port, commands, mails } = await receiver({ mode: 'clear', login })
    const smtp = mailTo(port, { user: 'someone', passwordFile: fileWith('the password') })
    const [delivery] = await sent({ smtp })
    expect(delivery?.failure).toContain('502 not here')
    expect(mails).toEqual([])
    expect(commands).not.toContain('AUTH')
  })

  it('is sent in the clear where the policy says so', async () => {
    const { port, mails } = await receiver({ mode: 'clear' })
    await sent({ smtp: mailTo(port, { tls: 'off' }) })
    expect(mails).toMatchObject([{ isEncrypted: false }])
  })

  it('that is put off is sent again; a login that is refused is not', async () => {
    const later = await receiver({ mode: 'starttls', puttingOff: 1 })
    const [delivery] = await sent({ smtp: mailTo(later.port) })
    expect(delivery?.failure).toBeUndefined()
    expect(later.mails).toHaveLength(1)

    const { port, commands } = await receiver({ mode: 'starttls', login })
    const smtp = mailTo(port, { user: 'someone', passwordFile: fileWith('wrong') })
    const [refused] = await sent({ smtp })
    expect(refused?.failure).toContain('535 no such login')
    expect(commands.filter((verb) => verb === 'AUTH')).toHaveLength(1)
  })

  it('is not handed to a server that nobody vouches for', async () => {
    const { server: pair } = await makeLocalAuthority()
    const { port, mails } = await startMailReceiver({ pair, mode: 'tls' })
    const [delivery] = await sent({ smtp: mailTo(port, { tls: 'tls' }) }, { signal: soon() })
    expect(delivery?.failure).toBeTypeOf('string')
    expect(mails).toEqual([])
  })

  it('ends with the run that is ended, whatever the server does', async () => {
    const port = await listen(createServer())
    const controller = new AbortController()
    const sending = sent({ smtp: mailTo(port) }, { signal: controller.signal })
    setImmediate(() => controller.abort(new Error('told to end')))
    expect((await sending)[0]?.failure).toBeTypeOf('string')
  })

  it('names no file, unless it was asked for', async () => {
    const { port, mails } = await receiver({ mode: 'clear' })
    const details = { error: 'Cannot read /home/me/letter.', leftOut: ['/home/me/diary'] }
    await sent({ smtp: mailTo(port, { tls: 'off' }) }, { told: { ...notice, details } })
    expect(mails[0]?.text).toContain('/home/me/letter')
    expect(mails[0]?.text).toContain('  /home/me/diary')
  })
})

it('that can not be sent one way is sent the other', async () => {
  const { port, mails } = await receiver({ mode: 'clear' })
  const { url } = await startWebhookReceiver(authority.server, [400])
  const both = { webhook: checkedWebhook({ url }), smtp: mailTo(port, { tls: 'off' }) }
  const deliveries = await sent(both)
  expect(deliveries.map(({ by, failure }) => [by, failure === undefined])).toEqual([
    ['webhook', false],
    ['smtp', true],
  ])
  expect(mails).toHaveLength(1)
})
