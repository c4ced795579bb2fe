/** The folder that the golden vault holds, in the two states that it was backed up in. Linux alone can make it. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { compareBytes, utf8 } from '../../src/base/bytes.ts'
import { systemCalls } from '../../src/agent/system/open.ts'

/** The parts of the folder that are backed up; `gone` is not there any more the second time. */
export const includedParts = ['kept', 'gone'] as const

export function makeFirstState(folder: string): void {
  const at = (path: string) => join(folder, path)
  for (const path of ['kept/nested/deep/er', 'kept/nested/empty', 'kept/pair', 'gone']) {
    mkdirSync(at(path), { recursive: true })
  }
  writeFileSync(at('gone/soon'), 'gone before the second point\n')
  writeFileSync(at('kept/text'), 'The golden vault, first point.\n')
  writeFileSync(at('kept/empty'), '', { mode: 0o600 })
  writeFileSync(at('kept/größe 値 😀'), 'a name in UTF-8\n')
  writeFileSync(bytesBelow(folder, 'kept/', 0xff, 0xfe, 0x0a, 0x80), 'a name that is not UTF-8\n')
  writeFileSync(at('kept/records'), records(0))
  writeFileSync(at('kept/nested/deep/er/leaf'), 'deep\n')
  writeFileSync(at('kept/attributes'), 'has extended attributes\n')
  setAttribute(at('kept/attributes'), 'user.golden', utf8('first'))
  setAttribute(at('kept/attributes'), 'user.bytes', Uint8Array.of(0, 255, 10, 128))
  setAttribute(at('kept/nested'), 'user.empty', new Uint8Array(0))
  writeFileSync(at('kept/pair/one'), 'one file, two names\n')
  linkSync(at('kept/pair/one'), at('kept/pair/two'))
  symlinkSync('text', at('kept/link'))
  symlinkSync('../nowhere/ü', at('kept/dangling'))
  execFileSync('mkfifo', ['-m', '640', at('kept/fifo')])
  chmodSync(at('kept/text'), 0o755)
  chmodSync(at('kept/nested/empty'), 0o1777)
  setTimesBelow(folder, 1_600_000_000_123_456_789n)
  setTime(at('kept/pair/one'), -14_182_939_876_543_211n)
}

export function makeSecondState(folder: string): void {
  const at = (path: string) => join(folder, path)
  rmSync(at('gone'), { recursive: true })
  writeFileSync(at('kept/text'), 'The golden vault, second point.\n')
  writeFileSync(at('kept/records'), records(30_000))
  rmSync(at('kept/empty'))
  symlinkSync('records', at('kept/empty'))
  renameSync(at('kept/nested/deep/er'), at('kept/nested/moved'))
  writeFileSync(at('kept/nested/new'), 'new in the second point\n', { mode: 0o400 })
  setAttribute(at('kept/attributes'), 'user.golden', utf8('second'))
  for (const path of ['kept/text', 'kept/records', 'kept/empty', 'kept/nested/new']) {
    setTime(at(path), 1_700_000_000_000_000_001n)
  }
}

/** Several chunks that compress well; the line with that number is another one in the second state. */
const records = (changed: number): string =>
  Array.from({ length: 50_000 }, (_, number) => {
    const state = number > 0 && number === changed ? 'changed' : 'as it was'
    return `record ${String(number).padStart(7, '0')} of the golden vault, ${state}, and nothing more than that\n`
  }).join('')

const bytesBelow = (folder: string, path: string, ...bytes: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from(join(folder, path)), Buffer.from(bytes)])

const setAttribute = (path: string, name: string, value: Uint8Array): void =>
  systemCalls().setXattr(utf8(path), utf8(name), value)

const setTime = (path: string | Buffer, mtimeNs: bigint): void =>
  systemCalls().setTimes(Buffer.from(path), mtimeNs, mtimeNs)

/** Each entry gets a time of its own; what a directory holds gets it before itself. */
function setTimesBelow(folder: string, firstNs: bigint): void {
  for (const [place, path] of pathsOf(Buffer.from(folder)).reverse().entries()) {
    setTime(path, firstNs + BigInt(place) * 86_400_000_000_001n)
  }
}

function pathsOf(path: Buffer): Buffer[] {
  if (!lstatSync(path).isDirectory()) return [path]
  const names = readdirSync(path, { encoding: 'buffer' }).sort(compareBytes)
  return [path, ...names.flatMap((name) => pathsOf(Buffer.concat([path, Buffer.from('/'), name])))]
}
