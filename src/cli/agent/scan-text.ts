/** How a run found what changed, for people. */

import type { Scan, ScanReason } from '../../agent/backup/watched.ts'

export const scanText = (scan: Scan): string =>
  scan.kind === 'journal'
    ? `looked at ${scan.directories} changed directories`
    : `looked at everything (${scanReasonText[scan.reason]})`

export const scanReasonText: Readonly<Record<ScanReason, string>> = {
  'not-watched': 'no daemon watches it',
  silent: 'the daemon does not answer',
  off: 'it is not to be watched',
  starting: 'it has not been watched since the last point',
  overflow: 'more changed at once than the system tells',
  'watch-limit': 'the system watches no more directories: raise fs.inotify.max_user_watches',
  'too-many-directories': 'it has more directories than the policy lets be watched',
  'too-many-changes': 'much has changed',
  'file-system': 'its file system does not tell of all changes',
  moved: 'a path leads elsewhere, or something was mounted',
  'policy-changed': 'the policy changed',
  busy: 'the watcher did not answer in time',
  daily: 'as it is once a day',
  'other-base': 'the last point is not of this daemon',
  capture: 'other metadata is saved than before',
  cache: 'the cache does not hold the last point',
  'left-out': 'the last point left something out',
  selection: 'what is left out can change by itself',
  'hard-links': 'files have several names',
  unreadable: 'something could not be read',
  repeated: 'the vault missed something',
}
