/** What a person wants out of a point: paths and patterns, told apart by what is there. */

import type { PatternRequest } from '../../agent/restore/plan-patterns.ts'
import type { Host } from './context.ts'
import { namesInPoint } from './names-in-point.ts'
import type { OpenedPoint } from './opened-point.ts'

/** A pattern has `*`, `?` or `[` and names nothing in the point: files may be called so too. */
export async function wantedOf(
  words: readonly string[],
  { manifest, tree }: OpenedPoint,
  host: Host,
): Promise<Pick<PatternRequest, 'paths' | 'patterns'>> {
  const paths: Uint8Array[][] = []
  const patterns: string[] = []
  for (const word of words) {
    const names = namesInPoint(word, manifest.system, host)
    const isPattern = /[*?[]/.test(word) && (await tree.find(manifest.root, names)) === undefined
    if (isPattern) patterns.push(word)
    else paths.push(names)
  }
  return { paths, patterns }
}
