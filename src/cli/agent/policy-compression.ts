/** `backup policy set compression LEVEL`: how hard what a source sends is compressed. */

import { Argument, type Command } from 'commander'
import { changeSource } from '../../agent/state/change-policy.ts'
import { compressions, type Compression } from '../../policy/compression.ts'
import type { CommandContext } from './context.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addPolicyCompression(policy: Command, context: CommandContext): void {
  policy
    .command('set')
    .description('single settings of a source')
    .command('compression')
    .description(
      'how hard what is sent is compressed; each takes about three times as long as the one before',
    )
    .addArgument(new Argument('<level>').choices(compressions))
    .action((level: Compression, _options: unknown, command: Command) =>
      setCompression(context, command, level),
    )
}

async function setCompression(
  { host, output }: CommandContext,
  command: Command,
  level: Compression,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  const compression = level === 'default' ? undefined : level
  await changeSource(stateOf(host), source, (old) => ({ ...old, compression }))
  output.event({ event: 'compression', source, compression: level })
  output.line(`Source ${source}`)
  output.line(`  compress ${level}`)
}
