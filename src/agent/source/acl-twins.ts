/** XFS shows root each ACL a second time, in a form of its own that only root can set. One is kept. */

import { equalBytes, utf8 } from '../../base/bytes.ts'

const twins = [
  { twin: utf8('trusted.SGI_ACL_FILE'), acl: utf8('system.posix_acl_access') },
  { twin: utf8('trusted.SGI_ACL_DEFAULT'), acl: utf8('system.posix_acl_default') },
]

/** Whether the attribute says what another one among `names` says, which every file system takes. */
export const isAclTwin = (name: Uint8Array, names: readonly Uint8Array[]): boolean =>
  twins.some(
    ({ twin, acl }) => equalBytes(twin, name) && names.some((each) => equalBytes(each, acl)),
  )
