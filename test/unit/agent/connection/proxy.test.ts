import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chooseProxy, type ProxyChoice } from '../../../../src/agent/connection/proxy.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const choose = (choice: Partial<ProxyChoice>, host = 'vault.example') =>
  chooseProxy({ env: {}, ...choice }, host)

function secretFile(text: string): string {
  const path = join(scratchDirectory(), 'proxy-credentials')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

describe('which proxy', () => {
  it('is none unless one is named', async () => {
    expect(await choose({})).toBeUndefined()
    expect(await choose({ env: { HTTPS_PROXY: '' } })).toBeUndefined()
    expect(await choose({ env: { HTTP_PROXY: 'http://plain.example:3128' } })).toBeUndefined()
  })

  it('is that of the command or registration, else of HTTPS_PROXY or https_proxy', async () => {
    const env = { HTTPS_PROXY: 'http://upper.example:3128', https_proxy: 'http://lower.example' }
    const url = 'http://own.example:8080'
    expect((await choose({ url, env }))?.url.host).toBe('own.example:8080')
    expect((await choose({ env }))?.url.host).toBe('upper.example:3128')
    const { https_proxy } = env
    expect((await choose({ env: { https_proxy } }))?.url.host).toBe('lower.example')
  })

  it('is none for hosts of NO_PROXY or no_proxy, unless it was named for this vault', async () => {
    const env = { HTTPS_PROXY: 'http://proxy.example:3128' }
    expect(await choose({ env: { ...env, NO_PROXY: '.example' } })).toBeUndefined()
    expect(await choose({ env: { ...env, no_proxy: '.example' } })).toBeUndefined()
    expect(await choose({ env: { ...env, NO_PROXY: '.org' } })).toBeDefined()
    const url = 'http://own.example:8080'
    expect(await choose({ url, env: { NO_PROXY: '*' } })).toBeDefined()
  })

  it.each(['proxy.example:3128', 'socks5://proxy.example', 'http://', 'nonsense'])(
    'is not %s, and an example is given',
    async (url) => {
      await expect(choose({ url })).rejects.toMatchObject({
        code: 'usage',
        hint: expect.stringContaining('http://') as string,
      })
    },
  )
})

describe('what is told to the proxy', () => {
  const url = 'http://proxy.example:3128'

  it('is the first line of a file, without its end', async () => {
    for (const [text, credentials] of [
      ['ann:secret', 'ann:secret'],
      ['ann:secret\n', 'ann:secret'],
      ['ann:secret\r\n', 'ann:secret'],
      ['ann:wörd : \n', 'ann:wörd : '],
    ] as const) {
      expect(await choose({ url, credentialsFile: secretFile(text) })).toMatchObject({
        credentials,
      })
    }
  })

  it('is that of BACKUP_PROXY_CREDENTIALS_FILE where no other file is named', async () => {
    const env = { BACKUP_PROXY_CREDENTIALS_FILE: secretFile('bob:word') }
    expect(await choose({ url, env })).toMatchObject({ credentials: 'bob:word' })
    const credentialsFile = secretFile('ann:secret')
    expect(await choose({ url, env, credentialsFile })).toMatchObject({ credentials: 'ann:secret' })
  })

  it("is otherwise the address's own user and password, with or without escapes", async () => {
    expect(await choose({ url })).toMatchObject({ credentials: undefined })
    expect(await choose({ url: 'http://a%40b:c%3Ad@proxy.example' })).toMatchObject({
      credentials: 'a@b:c:d',
    })
    expect(await choose({ url: 'http://ann:100%@proxy.example' })).toMatchObject({
      credentials: 'ann:100%',
    })
  })

  it('is not taken from a file that others can read, or that is not there', async () => {
    const credentialsFile = secretFile('ann:secret')
    chmodSync(credentialsFile, 0o640)
    await expect(choose({ url, credentialsFile })).rejects.toMatchObject({
      code: 'file-permissions',
      hint: `Run: chmod 600 ${credentialsFile}`,
    })
    const absent = join(scratchDirectory(), 'none')
    await expect(choose({ url, credentialsFile: absent })).rejects.toMatchObject({
      code: 'file-unreadable',
    })
  })

  it('is not asked for where no proxy is used', async () => {
    const env = { BACKUP_PROXY_CREDENTIALS_FILE: '/nowhere' }
    expect(await choose({ env })).toBeUndefined()
  })
})
