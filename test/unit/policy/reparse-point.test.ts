import { describe, expect, it } from 'vitest'
import { refusalOf, reparseKind } from '../../../src/policy/reparse-point.ts'

const directory = 0x10
const archive = 0x20
const reparsePoint = 0x400
const offline = 0x1000
const recallOnOpen = 0x4_0000
const pinned = 0x8_0000
const unpinned = 0x10_0000
const recallOnDataAccess = 0x40_0000

/** Tags of [MS-FSCC] 2.1.2.1, and what is done with what bears them. */
const tags = [
  ['IO_REPARSE_TAG_MOUNT_POINT', 0xa000_0003, 'link'],
  ['IO_REPARSE_TAG_SYMLINK', 0xa000_000c, 'link'],
  ['IO_REPARSE_TAG_SIS', 0x8000_0007, 'transparent'],
  ['IO_REPARSE_TAG_WIM', 0x8000_0008, 'transparent'],
  ['IO_REPARSE_TAG_DFS', 0x8000_000a, 'transparent'],
  ['IO_REPARSE_TAG_DFSR', 0x8000_0012, 'transparent'],
  ['IO_REPARSE_TAG_DEDUP', 0x8000_0013, 'transparent'],
  ['IO_REPARSE_TAG_WOF', 0x8000_0017, 'transparent'],
  ['IO_REPARSE_TAG_WCI', 0x8000_0018, 'transparent'],
  ['IO_REPARSE_TAG_CLOUD', 0x9000_001a, 'transparent'],
  ['IO_REPARSE_TAG_CLOUD_6', 0x9000_601a, 'transparent'],
  ['IO_REPARSE_TAG_CLOUD_F', 0x9000_f01a, 'transparent'],
  ['IO_REPARSE_TAG_STORAGE_SYNC', 0x8000_001e, 'transparent'],
  ['IO_REPARSE_TAG_ONEDRIVE', 0x8000_0021, 'transparent'],
  ['IO_REPARSE_TAG_PROJFS', 0x9000_001c, 'transparent'],
  ['IO_REPARSE_TAG_APPEXECLINK', 0x8000_001b, 'other'],
  ['IO_REPARSE_TAG_AF_UNIX', 0x8000_0023, 'other'],
  ['IO_REPARSE_TAG_LX_SYMLINK', 0xa000_001d, 'other'],
  ['IO_REPARSE_TAG_LX_FIFO', 0x8000_0024, 'other'],
  ['IO_REPARSE_TAG_LX_CHR', 0x8000_0025, 'other'],
  ['IO_REPARSE_TAG_LX_BLK', 0x8000_0026, 'other'],
  ['IO_REPARSE_TAG_GLOBAL_REPARSE', 0xa000_0019, 'other'],
  ['IO_REPARSE_TAG_WCI_TOMBSTONE', 0xa000_001f, 'other'],
  ['IO_REPARSE_TAG_PROJFS_TOMBSTONE', 0xa000_0022, 'other'],
  ['a tag of somebody else', 0x0000_4711, 'transparent'],
  ['a name surrogate of somebody else', 0x2000_4711, 'other'],
] as const

describe('a reparse point', () => {
  it.each(tags)('%s is told by its tag', (_, reparseTag, kind) => {
    expect(reparseKind({ attributes: reparsePoint, reparseTag }).kind).toBe(kind)
  })
})

const cloud = 0x9000_601a
/** As the providers of clouds set them: what is pinned is here, what is unpinned not yet gone. */
const states = [
  ['a file without a reparse point', archive, undefined, 'plain'],
  ['a file of a cloud that is here', archive | reparsePoint, cloud, 'transparent'],
  ['one that stays here', archive | reparsePoint | pinned, cloud, 'transparent'],
  ['one that may go', archive | reparsePoint | unpinned, cloud, 'transparent'],
  ['the directory of a cloud', directory | reparsePoint, 0x9000_101a, 'transparent'],
  [
    'one in the cloud only',
    archive | reparsePoint | offline | recallOnDataAccess,
    cloud,
    'placeholder',
  ],
  ['one whose tag the system hides', archive | recallOnDataAccess, undefined, 'placeholder'],
  ['a directory whose entries are not here', directory | recallOnOpen, undefined, 'placeholder'],
  ['a file on a tape', archive | offline, undefined, 'placeholder'],
] as const

describe('what is in the cloud', () => {
  it.each(states)('%s is told by its attributes', (_, attributes, reparseTag, kind) => {
    expect(reparseKind({ attributes, reparseTag }).kind).toBe(kind)
  })

  it('is read only where that was asked for, and where it is not that is said with what to do', () => {
    const placeholder = { attributes: recallOnDataAccess | reparsePoint, reparseTag: cloud }
    expect(refusalOf(placeholder, true)).toBeUndefined()
    expect(refusalOf(placeholder, false)).toMatchObject({ reason: 'unreadable' })
    expect(refusalOf(placeholder, false)?.detail).toContain('--fetch-cloud-files')
    expect(refusalOf({ attributes: archive, reparseTag: undefined }, false)).toBeUndefined()
  })
})

describe('what is no file of its place', () => {
  it('is named for what it is, whatever is asked for', () => {
    const alias = { attributes: reparsePoint, reparseTag: 0x8000_001b }
    for (const fetches of [true, false]) {
      expect(refusalOf(alias, fetches)).toEqual({
        reason: 'unsupported',
        detail: 'It is an app execution alias, which is not saved.',
      })
    }
    const unknown = { attributes: reparsePoint, reparseTag: 0x2000_4711 }
    expect(refusalOf(unknown, true)?.detail).toContain('0x20004711')
  })
})
