/** Words for Windows: command lines, and values in an environment file of Node. */

import { BackupError } from '../../base/errors.ts'
import { refusePath } from './paths.ts'

/** One line that a program takes apart again into these words (CommandLineToArgvW). */
export const argumentText = (words: readonly string[]): string => words.map(argument).join(' ')

/** Backslashes are doubled where a quote follows, the closing one included. */
function argument(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
}

/** A line of a file for `node --env-file`. @throws BackupError `usage` */
export function environmentLine(name: string, value: string): string {
  // Between double quotes \n would be a line break.
  const quote = ["'", '`'].find((mark) => !value.includes(mark))
  if (quote !== undefined) return `${name}=${quote}${value}${quote}\n`
  throw new BackupError('usage', `${value} has both kinds of quotes in it.`, {
    hint: 'Choose another state directory: BACKUP_STATE_DIR.',
  })
}

/** The Task Scheduler puts the value of a variable for %NAME%, and knows no way to write it otherwise. @throws BackupError `usage` */
export function checkNoVariables(...paths: readonly string[]): void {
  for (const path of paths) refusePath(path, /%[^%]+%/, 'two percent signs')
}
