/** A recovery point that a command looks into. */

import type { Command } from 'commander'
import type { Manifest } from '../../model/manifest.ts'
import { createChunkReader, type ChunkReader } from '../../repository/chunk-reader.ts'
import { openPoint, type PointFacts } from '../../repository/point-reader.ts'
import { createTreeReader, type TreeReader } from '../../repository/tree-reader.ts'
import type { CommandContext } from './context.ts'
import { chosenPoint } from './chosen-point.ts'
import { lineLimits } from './line.ts'
import { readingOf } from './reading.ts'
import { withRepository, type OpenAgent } from './open.ts'
import { sourceOption } from './state-of.ts'

export interface OpenedPoint {
  readonly facts: PointFacts
  readonly manifest: Manifest
  readonly chunks: ChunkReader
  readonly tree: TreeReader
}

/** Opens the point that `text` and `--source` mean. */
export function withPoint<T>(
  context: CommandContext,
  { text, command }: { readonly text: string; readonly command: Command },
  work: (point: OpenedPoint, agent: OpenAgent) => Promise<T>,
): Promise<T> {
  const opened = async (agent: OpenAgent) => {
    const facts = await chosenPoint(context, agent, { text, source: sourceOption(command) })
    // What is done with the point is done with the keys of its repository.
    const held = await agent.repositories.of(facts.commit.repository)
    return work(await lookInto(context, agent, facts), { ...agent, ...held })
  }
  return withRepository(context, opened, { ...lineLimits(command), ...readingOf(command) })
}

export async function lookInto(
  context: CommandContext,
  { repositories, line }: OpenAgent,
  facts: PointFacts,
): Promise<OpenedPoint> {
  await line.use(facts.source)
  const { repository } = await repositories.of(facts.commit.repository)
  const { manifest, index } = await openPoint(repository, facts)
  const chunks = createChunkReader(repository, index, context)
  return { facts, manifest, chunks, tree: createTreeReader(chunks) }
}
