/** Reads what `strace -f -y` wrote: system calls with the lines at which they began and ended. */

export interface SystemCall {
  readonly name: string
  /** As strace shows them, without the parentheses. */
  readonly words: string
  readonly result: string
  /** Lines of the trace. */
  readonly begun: number
  readonly ended: number
}

const whole = /^(\d+) +(\w+)\((.*)\) += (.*)$/
const unfinished = /^(\d+) +(\w+)\((.*?) *<unfinished \.\.\.>$/
const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.*)$/

export function parseTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = []
  const open = new Map<string, { readonly words: string; readonly begun: number }>()
  for (const [at, line] of text.split('\n').entries()) {
    const [, thread = '', name = '', words = '', result = ''] =
      whole.exec(line) ?? resumed.exec(line) ?? unfinished.exec(line) ?? []
    const key = `${thread} ${name}`
    if (unfinished.test(line)) {
      open.set(key, { words, begun: at })
    } else if (resumed.test(line)) {
      const before = open.get(key)
      calls.push({
        name,
        words: `${before?.words ?? ''}${words}`,
        result,
        begun: before?.begun ?? at,
        ended: at,
      })
    } else if (name !== '') {
      calls.push({ name, words, result, begun: at, ended: at })
    }
  }
  return calls
}

/** The paths in a call, in order: those in quotes, and those of descriptors. */
export const pathsOf = ({ words }: SystemCall): string[] =>
  [...words.matchAll(/"([^"]*)"|<(\/[^>]*)>/g)].map(([, quoted, shown]) => quoted ?? shown ?? '')
