/** `--threads`, for the commands whose work threads share. */

import { InvalidArgumentError, Option } from 'commander'
import { availableParallelism } from 'node:os'

export const threadsOption = (what: string): Option =>
  new Option('--threads <count>', `threads that ${what} (one for each core, 8 at most)`).argParser(
    parseThreads,
  )

export const usualThreads = (): number => Math.min(availableParallelism(), 8)

const mostThreads = 64

function parseThreads(text: string): number {
  const threads = Number(text)
  if (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads) return threads
  throw new InvalidArgumentError(`It is a number from 1 to ${mostThreads}.`)
}
