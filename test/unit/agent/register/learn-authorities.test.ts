import { describe, expect, it } from 'vitest'
import { learnAuthorities } from '../../../../src/agent/register/learn-authorities.ts'
import { systemRandom } from '../../../../src/base/bytes.ts'
import { parseMachineId, parseVaultId } from '../../../../src/model/ids.ts'
import { makeAuthority } from '../../../../src/vault/authority/certificates.ts'
import { makeClientIdentity } from '../../../support/client-identity.ts'
import { makeAuthority as openNewAuthority } from '../../../support/tls-service.ts'

const moment = { nowMs: Date.now(), random: systemRandom }

async function authority(number: number): Promise<string> {
  return (await makeAuthority({ serviceId: 'a'.repeat(32), number }, moment)).certificate
}

/** A connection to a vault that tells of those. */
const vaultOf = (...authorities: string[]) => ({
  service: () =>
    Promise.resolve({
      vaultId: parseVaultId('1'.repeat(32)),
      vaultName: 'home',
      machineId: parseMachineId('2'.repeat(32)),
      machineName: 'laptop',
      access: 'full' as const,
      clonedAt: null,
      serverTime: moment.nowMs,
      authorities,
    }),
})

describe('the authorities of a vault', () => {
  it('are those known before, and then those that it tells of', async () => {
    const [old, successor] = [await authority(1), await authority(2)]
    expect(await learnAuthorities(vaultOf(successor, old), [old])).toEqual([old, successor])
    expect(await learnAuthorities(vaultOf(successor, successor), [old])).toEqual([old, successor])
  })

  it('are not forgotten when it tells of them no more', async () => {
    const known = [await authority(1), await authority(2)]
    expect(await learnAuthorities(vaultOf(known[1] ?? ''), known)).toBe(known)
  })

  it('are the same where they are only written otherwise', async () => {
    const known = [await authority(1)]
    expect(await learnAuthorities(vaultOf(`\n${known[0]}\n\n`), known)).toBe(known)
  })

  it('are no certificates that sign nothing, and nothing else', async () => {
    const known = [await authority(1)]
    const { certificate: machine } = await makeClientIdentity(await openNewAuthority())
    // In its last whole line: the last one may be short.
    const altered = (await authority(2)).replace(/.{8}(?=\n[^\n]*\n-----END)/, 'AAAAAAAA')
    expect(altered).not.toBe(await authority(2))
    for (const told of [machine, altered, 'no certificate', '']) {
      await expect(learnAuthorities(vaultOf(told), known)).rejects.toMatchObject({
        code: 'malformed',
        hint: expect.stringMatching(/operator/) as string,
      })
    }
  })

  it('are at most sixteen', async () => {
    const all = await Promise.all(Array.from({ length: 17 }, (_, index) => authority(index + 1)))
    const [last = '', ...rest] = all.reverse()
    expect(await learnAuthorities(vaultOf(rest[15] ?? ''), rest)).toBe(rest)
    await expect(learnAuthorities(vaultOf(last), rest)).rejects.toMatchObject({ code: 'malformed' })
  })
})
