/** `backup cat POINT PATH`: the content of a file, to standard output. */

import type { Command } from 'commander'
import { once } from 'node:events'
import { BackupError } from '../../base/errors.ts'
import type { Entry, FileEntry } from '../../model/entry.ts'
import { notFoundHint, toDisplay } from '../../model/path-text.ts'
import type { CommandContext } from './context.ts'
import { namesInPoint } from './names-in-point.ts'
import { withPoint, type OpenedPoint } from './opened-point.ts'
import { addReadingOptions } from './reading.ts'

export function addCat(program: Command, context: CommandContext): void {
  addReadingOptions(program.command('cat'))
    .description('write the content of a file in a recovery point to standard output')
    .argument('<point>', 'the beginning of its id, latest, or a time')
    .argument('<path>', 'a file as it was on the machine')
    .action(async (text: string, path: string, _options: unknown, command: Command) => {
      if (context.output.json) throw noJson()
      await withPoint(context, { text, command }, async (point) =>
        write(context, point, await fileAt(context, point, path)),
      )
    })
}

const noJson = (): BackupError =>
  new BackupError('usage', 'The content of a file is no JSON.', {
    hint: 'Leave --json away, or use: backup restore --json',
  })

async function fileAt(
  { host }: CommandContext,
  { manifest, tree }: OpenedPoint,
  path: string,
): Promise<FileEntry> {
  const entry = await tree.find(manifest.root, namesInPoint(path, manifest.system, host))
  if (entry?.type === 'file') return entry
  throw noFile(path, entry)
}

const noFile = (path: string, entry: Entry | undefined): BackupError =>
  new BackupError(
    'not-found',
    entry === undefined
      ? `The recovery point holds no ${path}.`
      : `In the recovery point ${path} is no file but a ${entry.type}.`,
    {
      hint:
        entry?.type === 'symlink'
          ? `It points to ${toDisplay(entry.target)}: name that file.`
          : notFoundHint(path, 'List what it holds with: backup ls POINT [PATH]'),
    },
  )

/** Each chunk is verified before it is written. */
async function write(
  { host, signal }: CommandContext,
  { tree, chunks }: OpenedPoint,
  file: FileEntry,
): Promise<void> {
  for await (const reference of tree.content(file)) {
    signal.throwIfAborted()
    const bytes = await chunks.load(reference, 1)
    if (host.stdout.destroyed) return
    if (!host.stdout.write(bytes)) await once(host.stdout, 'drain', { signal })
  }
}
