import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BackupError } from '../../../../src/base/errors.ts'
import {
  changesBetween,
  openPolicyFile,
  policyText,
} from '../../../../src/agent/policy-file/policy-file.ts'
import { emptyPolicy } from '../../../../src/agent/state/change-policy.ts'
import type { SourcePolicy } from '../../../../src/agent/state/policy-state.ts'
import { toDisplay } from '../../../../src/model/path-text.ts'

const nowMs = Date.UTC(2026, 10, 25, 4)
const context = { platform: 'linux' as const, old: emptyPolicy, nowMs, timeZone: 'UTC' }
const bytesOf = (text: string) => new TextEncoder().encode(text)

const read = (text: string, old = emptyPolicy): SourcePolicy =>
  openPolicyFile(bytesOf(text), 'p.yaml').policy({ ...context, old })

function refusal(bytes: string | Uint8Array): BackupError {
  try {
    const all = typeof bytes === 'string' ? bytesOf(bytes) : bytes
    openPolicyFile(all, 'p.yaml').policy(context)
  } catch (error) {
    if (error instanceof BackupError && error.code === 'policy-invalid') return error
    throw error
  }
  throw new Error('It was taken.')
}

const whole = `
source: docs
include: [/home, /etc]
exclude: ["*.tmp", 007, yes]
selection:
  one-file-system: yes
  max-file-size: 4GiB
  max-age: 90d
  min-age: 1d
schedule:
  at: [21:00, 9:30]
  days: [thu, mon]
  time-zone: Europe/Berlin
  random-delay: 15m
throttle:
  upload: 20Mbit
  work-hours: {hours: 08:00-18:00, days: mon, upload: 512 kbit/s}
watch: {enabled: off, max-directories: 100}
compression: better
hooks:
  before: {run: "pg_dump app > /srv/app.sql", time-limit: 30m}
  on-failure: {run: alarm}
metrics: {file: /var/lib/node_exporter/backup.prom}
notifications:
  on: [missed, failure]
  details: yes
  webhook: {url: "https://hooks.example/1", token-file: /etc/backup/token, time-limit: 5s}
  smtp: {host: mail.example, from: a@b.example, to: me@home.example, user: a, password-file: /etc/backup/mail}
`

describe('a policy file', () => {
  it('says all settings of a source', () => {
    expect(openPolicyFile(bytesOf(whole), 'p.yaml').source).toBe('docs')
    const policy = read(whole)
    expect(policy.include.map(({ shown }) => shown)).toEqual(['/home', '/etc'])
    expect(policy).toMatchObject({
      exclude: ['*.tmp', '007', 'yes'],
      watch: { enabled: false, mostDirectories: 100 },
      selection: {
        oneFileSystem: true,
        skipCaches: false,
        skipNodump: false,
        fetchCloudFiles: false,
        largestFileBytes: 2 ** 32,
        mostDaysOld: 90,
        leastDaysOld: 1,
      },
      schedule: {
        minutesOfDay: [570, 1260],
        weekly: { daysOfWeek: [1, 4], everyWeeks: 1 },
        timeZone: 'Europe/Berlin',
        randomDelayMs: 900_000,
      },
      throttle: {
        rates: { upload: 2_500_000, download: null },
        workHours: { fromMinute: 480, toMinute: 1080, daysOfWeek: [1], rates: { upload: 64_000 } },
      },
      compression: 'better',
      hooks: {
        before: { run: 'pg_dump app > /srv/app.sql', timeLimitMs: 1_800_000 },
        'on-failure': { run: 'alarm', timeLimitMs: 3_600_000 },
      },
      metrics: '/var/lib/node_exporter/backup.prom',
      notices: {
        on: ['failure', 'missed'],
        details: true,
        webhook: {
          ...{ url: 'https://hooks.example/1', tokenFile: '/etc/backup/token', timeLimitMs: 5000 },
        },
        smtp: {
          ...{ host: 'mail.example', port: 587, tls: 'starttls', from: 'a@b.example' },
          ...{ to: ['me@home.example'], user: 'a', passwordFile: '/etc/backup/mail' },
        },
      },
    })
  })

  it('that is empty means the defaults, and leaves alone what no file says', () => {
    const old = { ...read(whole), activity: 'paused' as const }
    expect(read('# nothing\n', old)).toEqual({ ...emptyPolicy, activity: 'paused' })
    expect(read('include:\nexclude:\nschedule:\nthrottle:\n', old).include).toEqual([])
  })

  it('keeps which of two weeks counts when it is read again, and says so when it is written', () => {
    const text = 'schedule: {at: 21:00, days: mon, every-weeks: 2}'
    const first = read(text)
    const later = { ...context, old: first, nowMs: nowMs + 9 * 24 * 60 * 60 * 1000 }
    expect(openPolicyFile(bytesOf(text), 'p.yaml').policy(later)).toEqual(first)
    const written = policyText('files', first)
    expect(written).toContain('weeks-from: 2026-11-30')
    expect(
      openPolicyFile(bytesOf(written), 'p.yaml').policy({ ...later, old: emptyPolicy }),
    ).toEqual(first)
  })

  it('names the sections that differ', () => {
    const changes = changesBetween(emptyPolicy, read(whole))
    expect(changes.map(({ section }) => section.key)).toEqual([
      'include',
      'exclude',
      'selection',
      'schedule',
      'throttle',
      'compression',
      'watch',
      'hooks',
      'metrics',
      'notifications',
    ])
    expect(changesBetween(read(whole), read(whole))).toEqual([])
  })

  it('is written so that reading gives the same, whatever bytes paths and patterns have', () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 12 }).filter(isName)
    const pattern = fc.string({ minLength: 1, unit: 'grapheme' }).filter(isPattern)
    const rate = fc.option(fc.integer({ min: 64_000, max: 127_875_000 }), { nil: null })
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { selector: String, maxLength: 5 }),
        fc.uniqueArray(pattern, { maxLength: 5 }),
        fc.record({ upload: rate, download: rate }),
        (names, exclude, rates) => {
          const include = names.map((bytes) => {
            const path = Buffer.concat([Buffer.from('/'), bytes])
            return { bytes: path, shown: toDisplay(path) }
          })
          const policy = { include, exclude, throttle: { rates, workHours: null } }
          const again = read(policyText('files', policy))
          expect(again.include.map(({ bytes }) => Buffer.from(bytes))).toEqual(
            include.map(({ bytes }) => bytes),
          )
          expect([again.exclude, again.throttle]).toEqual([exclude, policy.throttle])
        },
      ),
    )
  })
})

const isName = (bytes: Uint8Array): boolean =>
  !bytes.includes(0) && !bytes.includes(0x2f) && !/^\.{1,2}$/.test(Buffer.from(bytes).toString())
const isPattern = (text: string): boolean => text.trim() !== '' && !/^\s*#|[\n\r\0]/.test(text)

describe('a policy file that is wrong', () => {
  it.each([
    ['includ: /x', 1, 1, /"includ" is not known here/],
    ['include:\n  - /x\n  - home', 3, 5, /"home" is no whole path/],
    ['include: {a: b}', 1, 10, /a list is expected/],
    ['exclude: [[a]]', 1, 11, /one value is expected/],
    ['exclude: ["#x"]', 1, 11, /can match nothing/],
    ['schedule:\n  at: [1:00, 2:00, 3:00, 4:00]', 2, 7, /at most 3 times a day; 4 are/],
    ['schedule:\n  at: 1:00\n  time-zone: Mars/One', 3, 14, /no time zone "Mars\/One"/],
    ['schedule: {at: 25:00}', 1, 16, /no time of day/],
    ['schedule: {at: 1:00, every-weeks: 2}', 1, 35, /needs days/],
    ['schedule: {at: 1:00, days: mon, every-weeks: 9}', 1, 46, /every 2nd to 4th/],
    ['schedule: {days: mon}', 1, 11, /at is missing/],
    ['hooks: {before: {time-limit: 1m}}', 1, 17, /run is missing/],
    ['hooks: {before: {run: x, time-limit: 25h}}', 1, 17, /at most 24h/],
    ['hooks: {during: {run: x}}', 1, 9, /during/],
    ['metrics: {file: backup.prom}', 1, 17, /no whole path/],
    ['metrics: {file: /backup.txt}', 1, 17, /ends in \.prom/],
    ['notifications: {on: failure}', 1, 16, /need a way/],
    ['notifications: {on: never, webhook: {url: x}}', 1, 21, /nothing that is told/],
    ['notifications: {webhook: {url: "http://hooks.example/"}}', 1, 26, /begins with https/],
    ['notifications: {webhook: {url: "https://a:b@x/"}}', 1, 26, /no password/],
    ['notifications: {webhook: {url: "https://x/", token-file: t}}', 1, 58, /no whole path/],
    ['notifications: {webhook: {url: "https://x/", time-limit: 2m}}', 1, 26, /1s to 60s/],
    ['notifications: {smtp: {host: m, from: a@b}}', 1, 23, /to is missing/],
    ['notifications: {smtp: {host: m, from: a@b, to: "a@b, c@d"}}', 1, 23, /no mail address/],
    ['notifications: {smtp: {host: m, from: a@b, to: c@d, user: u}}', 1, 23, /comes with the file/],
    [
      'notifications: {smtp: {host: m, from: a@b, to: c@d, user: u, password-file: /p, tls: off}}',
      1,
      23,
      /not sent without TLS/,
    ],
    ['selection: {max-age: 2d, min-age: 3d}', 1, 12, /all would be left out/],
    ['compression: 9', 1, 14, /one of fastest, default, better, max/],
    ['throttle: {upload: 511kbit}', 1, 20, /512 kbit\/s to 1,023 Mbit\/s/],
    ['throttle: {download: 1.03Gbit}', 1, 22, /out of range/],
    ['throttle: {work-hours: {hours: 8-9}}', 1, 32, /no time of day/],
    ['throttle: {work-hours: {hours: 08:00-08:00}}', 1, 24, /never are/],
    ['source: A b', 1, 9, /no name of a source/],
    ['include: [/x', 1, 13, /not YAML/],
    ['a: 1\na: 2', 2, 1, /not YAML/],
    ['exclude: [*.tmp]', 1, 11, /not YAML|aliases/],
    ['exclude: !keep x', 1, 10, /not YAML/],
    ['exclude: [&a x, *a]', 1, 14, /anchors/],
    ['[]', 1, 1, /names with values/],
    ['include: /x\n---\ninclude: /y', 2, 1, /not YAML/],
  ])('%j says where: %i:%i', (text, line, column, message) => {
    const error = refusal(text)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`p.yaml:${line}:${column}: `)
  })

  it('tells the first problem of each section at once', () => {
    const { message, facts } = refusal('include: [x]\nthrottle: {upload: 1bit}\n')
    expect(message.split('\n')).toHaveLength(2)
    expect(facts).toMatchObject({ problems: [{ line: 1 }, { line: 2, key: 'throttle.upload' }] })
  })

  it('is refused as a whole where it is a bomb, no text, or deeper than can be read', () => {
    const bomb = ['a: &a [x,x]', 'b: &b [*a,*a,*a,*a]', 'c: [*b,*b,*b,*b]'].join('\n')
    expect(refusal(bomb).message).toMatch(/anchors/)
    expect(refusal(Uint8Array.of(0x61, 0xff)).message).toMatch(/UTF-8/)
    expect(refusal('x\0y').message).toMatch(/UTF-8/)
    expect(refusal(`exclude: ${'['.repeat(100_000)}`).code).toBe('policy-invalid')
  })
})
