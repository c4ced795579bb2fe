import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../../src/base/bytes.ts'
import {
  createClaimMemory,
  nextClaimMemory,
  openClaimTable,
} from '../../../src/repository/claim-table.ts'

const someIds = (count: number) => Array.from({ length: count }, () => systemRandom(32))

describe('a claim table', () => {
  it('gives each id to whoever asks first, through whichever view of the memory', () => {
    const memory = createClaimMemory(100)
    const tables = [openClaimTable([memory]), openClaimTable([memory])]
    const ids = someIds(500)
    const won = ids.map((id) => tables.map((table) => table.claim(id)))
    expect(won.every(([first, second]) => first === true && second === false)).toBe(true)
  })

  it('tells ids apart that begin alike', () => {
    const table = openClaimTable([createClaimMemory(16)])
    const [id] = someIds(1)
    if (id === undefined) throw new Error('none')
    const other = Uint8Array.from(id)
    other[31] = (id[31] ?? 0) ^ 1
    expect([table.claim(id), table.claim(other), table.claim(other)]).toEqual([true, true, false])
  })

  it('asks for a larger table once it is three quarters full, and still knows the ids of the first', () => {
    const memory = createClaimMemory(1024)
    const table = openClaimTable([memory])
    const ids = someIds(2000)
    let next = nextClaimMemory(memory)
    let used = 0
    for (; next === undefined; next = nextClaimMemory(memory))
      table.claim(ids[used++] ?? new Uint8Array(32))
    expect(used).toBe(1536)
    table.extend(next)
    expect(next.byteLength).toBeGreaterThan(memory.byteLength)
    expect(ids.slice(0, used).some((id) => table.claim(id))).toBe(false)
    expect(ids.slice(used).every((id) => table.claim(id))).toBe(true)
    expect(ids.slice(used).some((id) => table.claim(id))).toBe(false)
  })

  it('calls every id new when it is full: a chunk is rather stored twice than not at all', () => {
    const memory = createClaimMemory(1024)
    const table = openClaimTable([memory])
    for (const id of someIds(2048)) table.claim(id)
    const [late] = someIds(1)
    expect([
      table.claim(late ?? new Uint8Array(32)),
      table.claim(late ?? new Uint8Array(32)),
    ]).toEqual([true, true])
  })

  it('takes at most 48 bytes an id', () => {
    expect(createClaimMemory(98_304).byteLength / 98_304).toBeLessThanOrEqual(48.1)
  })
})
