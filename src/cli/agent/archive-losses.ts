/** Tells what a zip archive keeps of no entry: each path to programs, sums to people. */

import { isAcl } from '../../agent/restore/attributes.ts'
import type { Loss } from '../../agent/restore/archive/zip/header.ts'
import type { RestoreFailure } from '../../agent/restore/report.ts'
import type { Place } from '../../agent/restore/target/target.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import type { CommandContext } from './context.ts'
import { sayFailure } from './restore-failure.ts'
import type { Manifest } from '../../model/manifest.ts'

type Kind = Loss | 'acl' | 'xattr'

export interface Losses {
  note(path: Place, losses: readonly Loss[]): void
  /** An entry or an attribute that is not in the archive. */
  noteFailure(failure: RestoreFailure): void
  say(line: (text: string) => void): void
}

export function createLosses(context: CommandContext, manifest: Manifest): Losses {
  const counts = new Map<Kind, number>()
  const count = (kind: Kind) => counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return {
    note: (path, losses) => {
      losses.forEach(count)
      const place = pathFields(pathOfNames(path, manifest.system))
      context.output.event({ event: 'not-kept', ...place, kinds: losses })
    },
    noteFailure: (failure) => {
      const { part } = failure
      if (part.kind === 'xattr') count(isAcl(part.name) ? 'acl' : 'xattr')
      // With labels of a security module that would be a line for each file.
      if (part.kind !== 'xattr' || context.output.json) sayFailure(context, failure, manifest)
    },
    say: (line) => {
      const texts = order.flatMap((kind) => {
        const number = counts.get(kind) ?? 0
        return number > 0 ? [`${number} ${words[kind]}`] : []
      })
      if (texts.length > 0) line(`A zip archive has no room for: ${texts.join(', ')}.`)
    },
  }
}

const words: Readonly<Record<Kind, string>> = {
  acl: 'access control lists',
  xattr: 'extended attributes',
  'hard-link': 'hard links (each name has a copy of its own)',
  holes: 'files with holes (they are zeros)',
  owner: 'owners',
  time: 'times before 1970 or after 2037 (they are as near as a date of DOS comes)',
  fraction: 'fractions of seconds',
}

const order = ['acl', 'xattr', 'hard-link', 'holes', 'owner', 'time', 'fraction'] as const
