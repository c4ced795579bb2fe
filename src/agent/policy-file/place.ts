/** A place in a policy file: what stands there, and where, so that whatever is wrong with it is told with line and column. */

import { isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml'
import { BackupError } from '../../base/errors.ts'

/** The file as a whole: what its places have in common. */
export interface PlaceFile {
  /** As people know it. */
  readonly name: string
  readonly lines: LineCounter
}

/** Scalars are texts as they were written; `21:00`, `yes` and `007` are nothing else. */
export interface Place {
  /** `throttle.upload`; empty for the whole file. */
  readonly path: string
  /** Nothing stands there: `exclude:` and no more. */
  readonly isEmpty: boolean
  /** @throws BackupError `policy-invalid`, always */
  fail(message: string, hint?: string): never
  /** One value, not empty. */
  text(): string
  /** One value, as `parse` reads it: its refusals (`usage`) are told with the place. */
  parsed<T>(parse: (text: string) => T): T
  /** `check`'s refusals are told with the place. */
  checked<T>(check: () => T): T
  /** Values one below the other, or one alone. */
  list(): readonly Place[]
  /** Values by these keys; others are refused. */
  fields<Key extends string>(keys: readonly Key[]): Fields<Key>
}

export interface Fields<Key extends string> {
  /** Undefined where the file does not say it, or nothing behind it. */
  get(key: Key): Place | undefined
  need(key: Key): Place
}

type Content = Node | null | undefined

export function placeOf(
  file: PlaceFile,
  {
    path,
    offset,
    node,
  }: { readonly path: string; readonly offset: number; readonly node: Content },
): Place {
  const fail = (message: string, hint?: string): never => {
    throw invalid(file, { path, offset, message, hint })
  }
  const isEmpty = node === null || node === undefined || (isScalar(node) && node.value === '')
  const text = () => {
    if (isScalar(node) && !isEmpty) return String(node.value)
    return fail(isEmpty ? 'a value is missing' : 'one value is expected')
  }
  const checked = <T>(check: () => T): T => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'usage') throw error
      return fail(error.message.replace(/\.$/, ''), error.hint)
    }
  }
  const below = (key: string | number, child: Content, keyOffset = offset) =>
    placeOf(file, {
      path: pathBelow(path, key),
      offset: child?.range?.[0] ?? keyOffset,
      node: child,
    })
  return {
    ...{ path, isEmpty, fail, text, checked },
    parsed: (parse) => {
      const given = text()
      return checked(() => parse(given))
    },
    list: () => {
      if (isEmpty) return []
      if (isScalar(node)) return [placeOf(file, { path, offset, node })]
      if (!isSeq(node)) return fail('a list is expected')
      return node.items.map((item, at) => below(at, item as Node))
    },
    fields: (keys) => {
      if (!isEmpty && !isMap(node)) {
        return fail(
          'names with values are expected',
          `Names that can stand here: ${keys.join(', ')}.`,
        )
      }
      const pairs = (isMap(node) ? node.items : []) as Pair<Node, Content>[]
      const found = new Map(
        pairs.map(({ key, value }) => {
          const name = isScalar(key) ? String(key.value) : ''
          const place = below(name, value, key.range?.[0])
          const known: readonly string[] = keys
          if (!known.includes(name)) throw unknownKey(file, { keys, name, path, key })
          return [name, place] as const
        }),
      )
      const get = (key: string) => {
        const place = found.get(key)
        return place?.isEmpty === true ? undefined : place
      }
      return { get, need: (key) => get(key) ?? fail(`${key} is missing`) }
    },
  }
}

const pathBelow = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key + 1}]` : path === '' ? key : `${path}.${key}`

function unknownKey(
  file: PlaceFile,
  {
    keys,
    name,
    path,
    key,
  }: {
    readonly keys: readonly string[]
    readonly name: string
    readonly path: string
    readonly key: Node
  },
): BackupError {
  return invalid(file, {
    path,
    offset: key.range?.[0] ?? 0,
    message: `${JSON.stringify(name)} is not known here`,
    hint: `Names that can stand here: ${keys.join(', ')}.`,
  })
}

export function invalid(
  { name, lines }: PlaceFile,
  problem: {
    readonly path: string
    readonly offset: number
    readonly message: string
    readonly hint?: string | undefined
  },
): BackupError {
  const { line, col } = lines.linePos(problem.offset)
  const { path, message, hint } = problem
  const what = path === '' ? '' : `${path}: `
  return new BackupError('policy-invalid', `${name}:${line}:${col}: ${what}${message}.`, {
    hint,
    facts: { line, column: col, key: path },
  })
}
