/** What both commands do alike with commander: errors thrown, help in its place, wrong usage told as everything else is. */

import { CommanderError, type Command } from 'commander'
import type { Writable } from 'node:stream'
import { exitStatus } from '../../base/errors.ts'
import { doneRecord, exitRecordOf, sayExit, type ExitRecord } from './exit.ts'
import type { Output, OutputOptions } from './output.ts'

/** Read before anything is parsed, so that wrong usage is told in the form that was asked for. */
export function outputOptions(words: readonly string[]): OutputOptions {
  const end = words.indexOf('--')
  const given = new Set(end < 0 ? words : words.slice(0, end))
  return {
    json: given.has('--json'),
    quiet: given.has('--quiet') || given.has('-q'),
    verbose: given.has('--verbose') || given.has('-v'),
  }
}

/** Errors are thrown, help goes to the streams of this run, and no text comes between lines of JSON. */
export function prepareCommands(
  command: Command,
  streams: { readonly stdout: Writable; readonly stderr: Writable },
  output: Output,
): void {
  command
    .exitOverride()
    .showHelpAfterError('(add --help for what can be said)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => {
        if (!output.json) streams.stderr.write(text)
      },
      outputError: (text, write) => {
        write(text.startsWith('error: unknown option') ? `${text}${dashHint}\n` : text)
      },
    })
  for (const child of command.commands) prepareCommands(child, streams, output)
}

const dashHint = 'Names that begin with - stand behind --, after all options.'

/** Runs a command to its end; the exit status. `work` gives the record of a good end. */
export async function runCommand(
  output: Output,
  programName: string,
  work: () => Promise<ExitRecord>,
): Promise<number> {
  try {
    return sayExit(output, await work())
  } catch (error) {
    if (error instanceof CommanderError) {
      return sayExit(output, usageRecord(error, { output, programName }))
    }
    return sayExit(output, exitRecordOf(error), error)
  }
}

const messageOf = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'No command was given.' : message.replace(/^error: /, '')

/** Help and version are no failures. To people commander has told the rest already. */
function usageRecord(
  error: CommanderError,
  { output, programName }: { readonly output: Output; readonly programName: string },
): ExitRecord {
  if (error.exitCode === 0) return doneRecord()
  return {
    event: 'exit',
    code: exitStatus.usage,
    name: 'usage',
    message: output.json ? messageOf(error) : null,
    hint:
      `${programName} --help shows what can be said.` +
      (error.code === 'commander.unknownOption' ? ` ${dashHint}` : ''),
    error: 'usage',
  }
}
