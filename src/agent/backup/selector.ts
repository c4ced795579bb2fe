/** The rules of a source held to what the walk meets: patterns, ignore files, limits, file systems, caches. */

import { basename } from 'node:path'
import { ascii, bufferOf, equalBytes, utf8 } from '../../base/bytes.ts'
import type { Selection } from '../../model/manifest.ts'
import { joinPath } from '../../model/path.ts'
import { createExclusion } from '../../policy/exclusion.ts'
import { createIgnoreFile, ignoredBy, ignoreFileName } from '../../policy/ignore-file.ts'
import {
  fileRule,
  hasFileLimits,
  type SelectionRule,
  type SelectionSettings,
} from '../../policy/selection.ts'
import { cacheTagName, hasCacheTag, readBeginning } from '../source/cache-directory.ts'
import { isMarkedNodump } from '../source/nodump.ts'
import { isPseudoFileSystem } from '../source/file-system-kind.ts'
import { isDirectoryAt } from '../source/same-directory.ts'
import type { Found, Place, Selector } from './walk-context.ts'

export interface SelectorOptions {
  readonly selection: Selection
  readonly settings: SelectionSettings
  /** The directory of this agent's own cache; not said where nothing is read from the disk for a point. */
  readonly ownCache?: string
  /** Ages count back from here. */
  readonly nowMs: number
}

const largestIgnoreFileBytes = 1024 * 1024

export function createSelector({
  selection,
  settings,
  ownCache,
  nowMs,
}: SelectorOptions): Selector {
  const exclusion = createExclusion(selection.exclude, settings.ignoreCase)
  const leadsToIncluded = (path: Uint8Array) =>
    selection.include.some((included) => isAtOrBelow(included, path))
  const otherFileSystem = ({ place, facts }: Found): SelectionRule | undefined => {
    if (place.parentDevice === undefined || place.parentDevice === facts.deviceId) return undefined
    if (settings.oneFileSystem) return { kind: 'other-file-system' }
    return isPseudoFileSystem(place.path) ? { kind: 'pseudo-file-system' } : undefined
  }
  const cache = ({ place }: Found): SelectionRule | undefined =>
    settings.skipCaches && hasCacheTag(place.path) ? { kind: 'cache' } : undefined
  const own = ({ place, facts }: Found): SelectionRule | undefined =>
    ownCache !== undefined &&
    equalBytes(place.name, utf8(basename(ownCache))) &&
    isDirectoryAt(ownCache, facts)
      ? { kind: 'own-cache' }
      : undefined
  const leavesOutName = (place: Place, isDirectory: boolean): SelectionRule | undefined => {
    const pattern = exclusion.excludedBy(place.text, isDirectory)
    if (pattern !== undefined) return { kind: 'pattern', pattern }
    const ignored =
      place.ignores.length > 0 ? ignoredBy(place.ignores, place.text, isDirectory) : undefined
    return ignored && { kind: 'ignore-file', ...ignored }
  }
  return {
    leavesOut: (place, facts) => {
      // Where it can not be told whether it is a directory, a pattern for directories alone counts too.
      const named = leavesOutName(place, facts === undefined || facts.kind === 'directory')
      if (named !== undefined || facts === undefined) return named
      const limit = facts.kind === 'file' ? fileRule(settings, facts, nowMs) : undefined
      if (limit !== undefined || !settings.skipNodump) return limit
      return isMarkedNodump(place.path, facts) ? { kind: 'nodump' } : undefined
    },
    leavesOutName,
    asksNames: ({ ignores }) => selection.exclude.length > 0 || ignores.length > 0,
    looksAtFacts: settings.skipNodump || hasFileLimits(settings),
    emptied: (directory) => {
      const rule = otherFileSystem(directory) ?? cache(directory) ?? own(directory)
      return rule === undefined || leadsToIncluded(directory.place.path) ? undefined : rule
    },
    ignoresBelow: (place) => {
      if (!settings.ignoreFiles) return place.ignores
      const path = joinPath(place.path, ascii(ignoreFileName))
      const bytes = readBeginning(path, largestIgnoreFileBytes + 1)
      if (bytes === undefined || bytes.length > largestIgnoreFileBytes) return place.ignores
      const text = bufferOf(bytes).toString('utf8')
      return [...place.ignores, createIgnoreFile(place.text, text, settings.ignoreCase)]
    },
  }
}

/** Of a cache everything but its tag is left out. */
export const isCacheTag = (name: Uint8Array): boolean => equalBytes(name, ascii(cacheTagName))

const slash = 0x2f

function isAtOrBelow(path: Uint8Array, directory: Uint8Array): boolean {
  if (!equalBytes(path.subarray(0, directory.length), directory)) return false
  return (
    path.length === directory.length ||
    directory.at(-1) === slash ||
    path[directory.length] === slash
  )
}
