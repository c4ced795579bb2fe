/** File systems that hold no files of anybody: the kernel's view of itself. */

import { statfsSync } from 'node:fs'
import { reaching } from './reach.ts'

/** Whether the directory shows such a file system. False where that can not be told: what may be data is kept. */
export function isPseudoFileSystem(directory: Uint8Array): boolean {
  if (process.platform !== 'linux') return false
  try {
    const { type } = reaching(directory, (reachable) => statfsSync(reachable))
    return pseudoTypes.has(type & 0xffff_ffff)
  } catch {
    return false
  }
}

/** tmpfs, which /dev and /run are made of, is not one: people keep files there. */
const pseudoTypes: ReadonlySet<number> = new Set(
  [
    0x9fa0, // proc
    0x62656572, // sysfs
    0x1cd1, // devpts
    0x27e0eb, // cgroup
    0x63677270, // cgroup2
    0x64626720, // debugfs
    0x74726163, // tracefs
    0x73636673, // securityfs
    0x62656570, // configfs
    0x6165676c, // pstore
    0xcafe4a11, // bpf
    0xde5e81e4, // efivarfs
    0x65735543, // fusectl
    0x42494e4d, // binfmt_misc
    0x19800202, // mqueue
    0x958458f6, // hugetlbfs
    0xf97cff8c, // selinuxfs
    0x67596969, // rpc_pipefs
  ].map((type) => type & 0xffff_ffff),
)
