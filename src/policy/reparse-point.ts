/**
 * What a name on Windows stands for, by its attributes and the tag of its reparse point ([MS-FSCC] 2.1.2.1 and 2.6), and
 * whether a run reads it.
 */

/** Of the name itself, not of what it leads to. */
export interface WindowsFacts {
  /** FILE_ATTRIBUTE_…, as one number. */
  readonly attributes: number
  /** IO_REPARSE_TAG_…; undefined where it is no reparse point. */
  readonly reparseTag: number | undefined
}

export type ReparseKind =
  /** An ordinary file or directory. */
  | { readonly kind: 'plain' }
  /** A symbolic link or junction: saved as a link with its target. */
  | { readonly kind: 'link' }
  /** Stored in a way of its own, and read like any other: deduplicated, compressed by Windows, in the cloud and here. */
  | { readonly kind: 'transparent' }
  /** Its content is elsewhere: whoever reads it fetches it. */
  | { readonly kind: 'placeholder' }
  /** It stands for something that is no file of this place. */
  | { readonly kind: 'other'; readonly what: string }

/** RECALL_ON_DATA_ACCESS, RECALL_ON_OPEN (of directories: their entries), OFFLINE. Without them a file of a cloud is here, too. */
const recalled = 0x0040_0000 | 0x0004_0000 | 0x0000_1000

const mountPoint = 0xa000_0003
const symbolicLink = 0xa000_000c

const others: ReadonlyMap<number, string> = new Map([
  [0x8000_001b, 'an app execution alias'],
  [0x8000_0023, 'a socket'],
  [0xa000_001d, 'a symbolic link of the Linux subsystem'],
  [0x8000_0024, 'a FIFO of the Linux subsystem'],
  [0x8000_0025, 'a character device of the Linux subsystem'],
  [0x8000_0026, 'a block device of the Linux subsystem'],
])

/** Set in tags of what represents another named thing: it is never followed. */
const nameSurrogate = 0x2000_0000

export function reparseKind({ attributes, reparseTag }: WindowsFacts): ReparseKind {
  if ((attributes & recalled) !== 0) return { kind: 'placeholder' }
  if (reparseTag === undefined) return { kind: 'plain' }
  if (reparseTag === mountPoint || reparseTag === symbolicLink) return { kind: 'link' }
  const what = others.get(reparseTag)
  if (what !== undefined) return { kind: 'other', what }
  if ((reparseTag & nameSurrogate) === 0) return { kind: 'transparent' }
  return { kind: 'other', what: `a reparse point of kind 0x${reparseTag.toString(16)}` }
}

export interface Refusal {
  readonly reason: 'unreadable' | 'unsupported'
  /** One sentence for people. */
  readonly detail: string
}

/** Why a run does not read it; undefined where it does. */
export function refusalOf(facts: WindowsFacts, fetchesCloudFiles: boolean): Refusal | undefined {
  const found = reparseKind(facts)
  if (found.kind === 'other') {
    return { reason: 'unsupported', detail: `It is ${found.what}, which is not saved.` }
  }
  if (found.kind !== 'placeholder' || fetchesCloudFiles) return undefined
  return {
    reason: 'unreadable',
    detail:
      'Its content is not on this machine but in the cloud or another storage: policy selection set --fetch-cloud-files fetches and saves it.',
  }
}
