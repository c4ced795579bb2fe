/** Questions on a terminal. Nothing is asked where nobody can answer. */

import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { BackupError } from '../../base/errors.ts'
import type { CommandContext } from './context.ts'

/** What is typed does not show. `instead`: the option that says it without a terminal. */
export function askHidden(
  context: CommandContext,
  question: string,
  instead: string,
): Promise<string> {
  return ask(context, { question, instead, hidden: true })
}

export function askPlain(
  context: CommandContext,
  question: string,
  instead: string,
): Promise<string> {
  return ask(context, { question, instead, hidden: false })
}

interface Question {
  readonly question: string
  readonly instead: string
  readonly hidden: boolean
}

function ask({ host, signal, output }: CommandContext, asked: Question): Promise<string> {
  if (host.stdin.isTTY !== true || output.json) {
    throw new BackupError(
      'usage',
      `There is no terminal to ask for: ${asked.question.replace(/:? *$/, '')}.`,
      {
        hint: `Use ${asked.instead}.`,
      },
    )
  }
  host.stderr.write(asked.question)
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    },
  })
  const lines = createInterface({
    input: host.stdin,
    output: asked.hidden ? silent : host.stderr,
    terminal: true,
  })
  return new Promise((resolve, reject) => {
    const stop = () => {
      lines.close()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', stop, { once: true })
    lines.on('SIGINT', () => {
      lines.close()
      reject(new BackupError('interrupted', 'Interrupted. Nothing was done.'))
    })
    lines.once('line', (line) => {
      lines.close()
      if (asked.hidden) host.stderr.write('\n')
      resolve(line)
    })
    lines.once('close', () => {
      signal.removeEventListener('abort', stop)
      reject(new BackupError('usage', 'Nothing was typed.', { hint: `Or use ${asked.instead}.` }))
    })
  })
}
