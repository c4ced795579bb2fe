/** Keys are in the memory of this process: the system shall write none of it to a core file, nor show it to other programs of this user. */

import { openCLibrary } from './c-library.ts'
import { darwinLibraryNames } from './darwin.ts'
import { linuxLibraryNames } from './linux.ts'

/** RLIMIT_CORE, of Linux and of macOS. */
const coreFiles = 4
/** PR_SET_DUMPABLE: a crash handler that core_pattern names gets nothing either, and nobody but root attaches. */
const setDumpable = 4

/** What the system does not know is left as it is. */
export function forbidCoreFiles(platform: NodeJS.Platform): void {
  if (platform !== 'linux' && platform !== 'darwin') return
  const isLinux = platform === 'linux'
  const library = openCLibrary(isLinux ? linuxLibraryNames : darwinLibraryNames)
  const none = new BigUint64Array([0n, 0n])
  library?.declare('int setrlimit(int resource, const void *limit)')(coreFiles, none)
  if (!isLinux) return
  library?.declare(
    'int prctl(int option, uint64_t value, uint64_t third, uint64_t fourth, uint64_t fifth)',
  )(setDumpable, 0, 0, 0, 0)
}
