/** `backup ls POINT [PATH]` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import type { Entry, EntryType } from '../../model/entry.ts'
import type { Manifest, OwnerName } from '../../model/manifest.ts'
import { notFoundHint, toDisplay } from '../../model/path-text.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { namesInPoint } from './names-in-point.ts'
import { withPoint } from './opened-point.ts'
import { addReadingOptions } from './reading.ts'

export function addLs(program: Command, context: CommandContext): void {
  addReadingOptions(program.command('ls'))
    .description('list a directory of a recovery point')
    .argument('<point>', 'the beginning of its id, latest, or a time')
    .argument('[path]', 'a directory or file as it was on the machine', '/')
    .action(async (text: string, path: string, _options: unknown, command: Command) => {
      await withPoint(context, { text, command }, async ({ manifest, tree }) => {
        const names = namesInPoint(path, manifest.system, context.host)
        const entry = await tree.find(manifest.root, names)
        if (entry === undefined) throw notThere(path)
        if (entry.type !== 'directory') say(context, manifest, { entry, names })
        else {
          for await (const child of tree.entries(entry)) {
            say(context, manifest, { entry: child, names: [...names, child.name] })
          }
        }
      })
    })
}

const notThere = (path: string): BackupError =>
  new BackupError('not-found', `The recovery point holds no ${path}.`, {
    hint: notFoundHint(path, 'Paths are written as they were on the machine, from its root on.'),
  })

interface Shown {
  readonly entry: Entry
  readonly names: readonly Uint8Array[]
}

function say({ output }: CommandContext, manifest: Manifest, { entry, names }: Shown): void {
  output.event({
    event: 'entry',
    ...pathFields(pathOfNames(names, manifest.system)),
    type: entry.type,
    sizeBytes: entry.type === 'file' ? entry.sizeBytes : null,
    modifiedAt: Number(entry.mtimeNs / 1_000_000n),
    mtimeNs: String(entry.mtimeNs),
    mode: entry.mode === undefined ? null : entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid ?? null,
    gid: entry.gid ?? null,
    target: entry.type === 'symlink' ? toDisplay(entry.target) : null,
    changed: entry.flags.changed,
    stale: entry.flags.stale,
  })
  output.line(lineOf(entry, manifest))
}

function lineOf(entry: Entry, manifest: Manifest): string {
  const target = entry.type === 'symlink' ? ` -> ${toDisplay(entry.target)}` : ''
  const marks = `${entry.flags.stale ? ' (earlier copy)' : ''}${entry.flags.changed ? ' (changed while read)' : ''}`
  const owner = `${ownerText(entry.uid, manifest.users)} ${ownerText(entry.gid, manifest.groups)}`
  return [
    modeText(entry),
    owner.padEnd(17),
    sizeColumn(entry).padStart(10),
    localTimeText(Number(entry.mtimeNs / 1_000_000n)),
    `${toDisplay(entry.name)}${target}${marks}`,
  ].join('  ')
}

function ownerText(id: number | undefined, names: readonly OwnerName[]): string {
  if (id === undefined) return '-'
  const name = names.find((each) => each.id === id)?.name
  return name === undefined ? String(id) : toDisplay(name)
}

function sizeColumn(entry: Entry): string {
  if (entry.type === 'file') return sizeText(entry.sizeBytes)
  return 'device' in entry ? `${entry.device.major}, ${entry.device.minor}` : '-'
}

const typeLetter: Readonly<Record<EntryType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  block: 'b',
  char: 'c',
}

/** `-rwxr-sr-t`, as ls shows it. */
function modeText({ type, mode }: Entry): string {
  if (mode === undefined) return `${typeLetter[type]}---------`
  const triple = (shift: number, special: number, letter: string) => {
    const bits = (mode >> shift) & 7
    const isSpecial = (mode & special) !== 0
    const canRun = (bits & 1) !== 0
    const last = isSpecial ? (canRun ? letter : letter.toUpperCase()) : canRun ? 'x' : '-'
    return `${(bits & 4) !== 0 ? 'r' : '-'}${(bits & 2) !== 0 ? 'w' : '-'}${last}`
  }
  return `${typeLetter[type]}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`
}
