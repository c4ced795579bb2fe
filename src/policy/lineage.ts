/**
 * Whether two machines go by one registration. Each run tells the token of the run before it and one of its own: a chain. A
 * state that was restored from an old copy continues an earlier link, and the end of the chain is left for good. Where an end
 * that was left is continued after all, two machines are at work. A machine that is set back again and again is no reason.
 */

export interface Lineage {
  readonly current: string
  /** Ends of chains that others went past, the oldest first. */
  readonly left: readonly string[]
  /** When two machines were last seen at work; null: never. */
  readonly clonedAt: number | null
}

export interface Link {
  /** The machine's last token; null before its first run. */
  readonly seen: string | null
  readonly next: string
}

const mostLeft = 64

export function continueLineage(
  known: Lineage | undefined,
  { seen, next }: Link,
  nowMs: number,
): Lineage {
  if (known === undefined) return { current: next, left: [], clonedAt: null }
  // Told once more, by a machine that did not hear the answer.
  if (next === known.current) return known
  if (seen === known.current) return { ...known, current: next }
  const isCloned = seen !== null && known.left.includes(seen)
  const others = known.left.filter((end) => end !== seen && end !== next)
  const left = [...others, known.current].slice(-mostLeft)
  return { current: next, left, clonedAt: isCloned ? nowMs : known.clonedAt }
}
