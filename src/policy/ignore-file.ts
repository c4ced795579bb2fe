/** A `.backupignore`: patterns with the semantics of gitignore, read from the directory that it lies in. */

import ignore from 'ignore'

export const ignoreFileName = '.backupignore'

export interface IgnoreFile {
  /** Of the directory: components joined by `/`, without a leading slash; empty for the root. */
  readonly directory: string
  readonly rules: ignore.Ignore
}

export const createIgnoreFile = (
  directory: string,
  text: string,
  ignoreCase: boolean,
): IgnoreFile => ({
  directory,
  rules: ignore({ ignorecase: ignoreCase }).add(text.replace(/^\ufeff/, '')),
})

/** The file and pattern that leave `path` out. Of several files, the innermost that says something counts. */
export function ignoredBy(
  files: readonly IgnoreFile[],
  path: string,
  isDirectory: boolean,
): { readonly file: string; readonly pattern: string } | undefined {
  for (const { directory, rules } of files.toReversed()) {
    const inside = directory === '' ? path : path.slice(directory.length + 1)
    if (isParentIgnored(rules, inside)) continue
    const { ignored, unignored, rule } = rules.test(isDirectory ? `${inside}/` : inside)
    if (unignored) return undefined
    if (ignored) {
      const file = directory === '' ? ignoreFileName : `${directory}/${ignoreFileName}`
      return { file, pattern: rule?.pattern ?? '' }
    }
  }
  return undefined
}

/** The walk came below a directory that this file leaves out: a file further in took it back, with what is in it. */
function isParentIgnored(rules: ignore.Ignore, path: string): boolean {
  const slash = path.lastIndexOf('/')
  return slash > 0 && rules.ignores(path.slice(0, slash + 1))
}
