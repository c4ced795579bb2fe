/**
 * Commit, upload and collection of one object, as a machine of small states: every step is one that the code can not be
 * stopped within, and bears the name of the function that does it. Between two steps anything else may happen, for any time.
 * A crash is a process that goes no further: it may stop at each step and begin anew.
 *
 * Time goes in ticks: the hour for which a check or a decision holds is one, a day's margin is one and the hour, trash lasts
 * two, an upload is kept for three. What is assumed: between its last look and its record a commit is not held up for a day (here: one tick).
 */

export const rules = {
  looks: 'a commit looks whether everything is present',
  trash:
    'what a commit finds in the trash is a day from its purge, and has to be in its place before the record is made',
  looksAgain: 'a commit looks again where its look took longer than an hour',
  markedAfter: 'points are marked after the time that purges what is due',
  unneeded: 'only what is unneeded is purged',
  broughtBack: 'what is needed is brought back from the trash',
  claimed: 'what was claimed after it was trashed is brought back',
  ownCopy: 'a purge deletes its own copy, not what bears the name',
  oneRename: 'a move is one rename',
  adopted: 'copies that nobody knows of are adopted, before points are marked',
  sure: 'an upload is acknowledged when the catalog knows of it and its bytes are in their place',
  fromDecision:
    'the time of a purge is reckoned from the decision, not from the beginning of the collection',
} as const
export type Rule = keyof typeof rules

const hold = 1
const margin = 1
const trashFor = 2
const unusedFor = 1
const stagedFor = 3

/** A copy in the trash, under the number of the decision that put it there. */
interface Copy {
  readonly hasFile: boolean
  readonly hasRow: boolean
  readonly purgeAt: number
  readonly isPurged: boolean
}

interface Row {
  readonly state: 'staged' | 'live' | 'trash'
  readonly askedAt: number
  readonly namedAt: number
  readonly purgeAt: number
}

type Step<Name extends string, Facts = unknown> = { readonly at: Name } & Facts

interface Checked {
  readonly startedAt: number
  /** What was in the trash has to be in its place afterwards. */
  readonly wasInTrash: boolean
}

/** What sends the object, commits a point that names it. */
type Client =
  | Step<'idle'>
  | Step<'addObjects'>
  | Step<'makeSure', { readonly sentAt: number }>
  | Step<'sent'>
  | Step<'markLive', Checked>
  | Step<'bringOneBack', Checked & { readonly copy: number; readonly copies: readonly number[] }>
  | Step<'checkHolds', Checked>
  | Step<'createCommit', { readonly passedAt: number }>

interface Collecting {
  readonly nowMs: number
  readonly needed: boolean
}

type Collector =
  | Step<'idle'>
  | Step<'over'>
  | Step<'markNeeded', { readonly nowMs: number }>
  | Step<'sightClock', { readonly needed: boolean }>
  | Step<'fateOf', Collecting & { readonly copy: number }>
  | Step<'takeBack', Collecting & { readonly copy: number }>
  | Step<'dropCopy', Collecting & { readonly copy: number }>
  | Step<'forgetCopy', Collecting & { readonly copy: number }>
  | Step<'decidePurge', Collecting & { readonly copy: number }>
  | Step<'purgeOne', Collecting & { readonly copy: number }>
  | Step<'unusedObjects', Collecting>
  | Step<'trashBatch', { readonly nowMs: number }>
  | Step<'stateOf', { readonly copy: number; readonly decidedAt: number }>
  | Step<'move', { readonly copy: number }>
  | Step<'move.remove', { readonly copy: number }>
  | Step<'move.lookAgain', { readonly copy: number }>

export interface State {
  readonly now: number
  /** Something bears the object's own name. */
  readonly file: boolean
  readonly row: Row | undefined
  readonly copies: readonly Copy[]
  /** A point that names it can be restored. */
  readonly point: boolean
  /** When an upload was acknowledged last. */
  readonly sentAt: number | undefined
  readonly runs: number
  readonly client: Client
  readonly collectors: readonly [Collector, Collector]
}

/** An object of long ago that no point names any more: the next collection wants it, and so may the next run. */
export const start: State = {
  now: 0,
  file: true,
  row: { state: 'live', askedAt: -stagedFor, namedAt: -unusedFor, purgeAt: 0 },
  copies: [],
  point: false,
  sentAt: undefined,
  runs: 0,
  client: { at: 'idle' },
  collectors: [{ at: 'idle' }, { at: 'idle' }],
}

export interface Successor {
  readonly step: string
  readonly state: State
}

type Without = Rule | undefined

export interface World {
  /** So many ticks pass. */
  readonly horizon: number
  /** The rule that nobody keeps here. */
  readonly without: Without
  /** The slow collector, too, begins again when it is done. */
  readonly isSlowAgain?: boolean
}

export function* successors(state: State, world: World): Generator<Successor> {
  for (const { step, state: reached } of allSteps(state, world)) {
    yield { step, state: withoutWhatIsOver(reached) }
  }
}

function* allSteps(
  state: State,
  { horizon, without, isSlowAgain = false }: World,
): Generator<Successor> {
  const isPrompt = state.collectors[1].at === 'idle'
  if (state.now < horizon && isPrompt)
    yield { step: 'time passes', state: { ...state, now: state.now + 1 } }
  yield* clientSteps(state, without)
  yield* collectorSteps(state, 1, without)
  for (const { step, state: reached } of collectorSteps(state, 0, without)) {
    const [slow, prompt] = reached.collectors
    const isOver = slow.at === 'idle' && !isSlowAgain
    yield { step, state: isOver ? { ...reached, collectors: [{ at: 'over' }, prompt] } : reached }
  }
}

/** Times so long ago that no step can tell them apart are made equal: fewer states. */
function withoutWhatIsOver(state: State): State {
  const { now, row, sentAt, copies } = state
  const [first, second] = state.collectors
  const earliest = Math.min(now, timeOf(first) ?? now, timeOf(second) ?? now)
  const isOver = sentAt !== undefined && now - sentAt >= stagedFor
  return {
    ...state,
    sentAt: isOver ? undefined : sentAt,
    row: row && {
      ...row,
      askedAt: Math.max(row.askedAt, earliest - stagedFor),
      namedAt: Math.max(row.namedAt, earliest - unusedFor),
    },
    copies: copies.map((copy) => (copy.hasRow ? copy : { ...noCopy, hasFile: copy.hasFile })),
  }
}

const timeOf = (one: Collector): number | undefined => ('nowMs' in one ? one.nowMs : undefined)

/** A collection that nothing disturbs, a long time after everything else has ended or crashed. */
function collectedLater(state: State, without: Without): State {
  const idle = { at: 'idle' } as const
  let at: State = { ...state, now: state.now + 2, client: idle, collectors: [idle, idle] }
  do {
    const [next] = collectorSteps(at, 1, without)
    if (next === undefined) throw new Error('A collection does not end.')
    at = next.state
  } while (at.collectors[1].at !== 'idle')
  return at
}

const mostRuns = 1
const mostCopies = 2

function* clientSteps(state: State, without: Without): Generator<Successor> {
  const { client, now, row } = state
  const go = (step: string, change: Partial<State>) => ({ step, state: { ...state, ...change } })
  const sees = isPresent(state, without) || without === 'looks'
  switch (client.at) {
    case 'idle': {
      if (state.point || state.runs >= mostRuns) return
      const runs = state.runs + 1
      yield go('putObject', { runs, file: true, client: { at: 'addObjects' } })
      if (sees) yield go('checkObjects', { runs, client: checking(state) })
      return
    }
    case 'sent':
      if (sees) yield go('checkObjects', { client: checking(state) })
      return
    case 'addObjects': {
      const sent = { askedAt: now, namedAt: row?.namedAt ?? -unusedFor, purgeAt: 0 }
      const state = row?.state === 'live' ? ('live' as const) : ('staged' as const)
      yield go('addObjects', { row: { ...sent, state }, client: { at: 'makeSure', sentAt: now } })
      return
    }
    case 'makeSure': {
      const after = knownCopies(state).reduce(
        (at, copy) => ({ ...at, ...broughtBack(at, copy) }),
        state,
      )
      const isSure = after.file || without === 'sure'
      const told: Partial<State> = isSure
        ? { sentAt: client.sentAt, client: { at: 'sent' } }
        : { runs: 0, client: { at: 'idle' } }
      yield { step: 'makeSure', state: { ...after, ...told } }
      return
    }
    case 'markLive': {
      const { startedAt } = client
      const live = row && { ...row, state: 'live' as const, namedAt: startedAt, purgeAt: 0 }
      yield go('markLive', { row: live, client: bringing(client, knownCopies(state)) })
      return
    }
    case 'bringOneBack': {
      const { copy, copies } = client
      const after = { ...state, ...broughtBack(state, copy) }
      const next: Client = after.file ? bringing(client, copies) : { at: 'idle' }
      yield { step: 'bringOneBack', state: { ...after, client: next } }
      return
    }
    case 'checkHolds': {
      const isOld = now - client.startedAt >= hold && without !== 'looksAgain'
      const isGone = client.wasInTrash && !state.file && without !== 'trash'
      const again = isOld || isGone
      if (again && !isPresent(state, without))
        yield go('commit-missing', { client: { at: 'idle' } })
      else if (again) yield go('checkObjects again', { client: checking(state) })
      else yield go('the check holds', { client: { at: 'createCommit', passedAt: now } })
      return
    }
    case 'createCommit':
      if (now - client.passedAt > 1) return
      yield go('createCommit', { point: true, client: { at: 'idle' } })
  }
}

function bringing(
  { startedAt, wasInTrash }: Checked,
  [copy, ...copies]: readonly number[],
): Client {
  if (copy === undefined) return { at: 'checkHolds', startedAt, wasInTrash }
  return { at: 'bringOneBack', startedAt, wasInTrash, copy, copies }
}

const checking = ({ now, file }: State): Client => ({
  at: 'markLive',
  startedAt: now,
  wasInTrash: !file,
})

/** presentObjects */
function isPresent({ row, file, copies, now }: State, without: Without): boolean {
  const nearest = without === 'trash' ? 0 : margin
  const isFar = (purgeAt: number) => purgeAt - now > nearest
  if (row?.state === 'trash' && !isFar(row.purgeAt)) return false
  if (file) return true
  return copies.some((copy) => isFindable(copy) && copy.hasFile && isFar(copy.purgeAt))
}

/** findTrash */
const isFindable = ({ hasRow, isPurged }: Copy): boolean => hasRow && !isPurged
const knownCopies = ({ copies }: State): number[] =>
  [...copies.keys()].filter((at) => isFindable(copies[at] ?? noCopy))

const noCopy: Copy = { hasFile: false, hasRow: false, purgeAt: 0, isPurged: false }

const withCopy = ({ copies }: State, at: number, change: Partial<Copy>): readonly Copy[] =>
  copies.map((copy, index) => (index === at ? { ...copy, ...change } : copy))

/** store.move from the trash, and forgetTrash where it moved. */
function broughtBack(state: State, at: number): Pick<State, 'file' | 'copies'> {
  const copy = state.copies[at]
  if (copy === undefined || !copy.hasFile || state.file) return state
  return { file: true, copies: withCopy(state, at, { hasFile: false, hasRow: false }) }
}

/** backFromTrash */
const claimed = (row: Row | undefined, to: 'staged' | 'live'): Row | undefined =>
  row?.state === 'trash' ? { ...row, state: to, purgeAt: 0 } : row

function* collectorSteps(state: State, which: 0 | 1, without: Without): Generator<Successor> {
  const one = state.collectors[which]
  const { now, row, copies } = state
  const go = (step: string, collector: Collector, change: Partial<State> = {}): Successor => ({
    step: `${step} (${which + 1})`,
    state: { ...state, ...change, collectors: withCollector(state, which, collector) },
  })
  switch (one.at) {
    case 'over':
      return
    case 'idle':
      if (without === 'markedAfter') {
        yield go('markNeeded', { at: 'sightClock', needed: state.point })
      } else {
        const adopted = without === 'adopted' ? copies : adoptUnknown(state)
        yield go('sightClock, adoptUnknown', { at: 'markNeeded', nowMs: now }, { copies: adopted })
      }
      return
    case 'sightClock':
      yield go('sightClock', { at: 'fateOf', copy: 0, nowMs: now, needed: one.needed })
      return
    case 'markNeeded':
      yield go('markNeeded', { at: 'fateOf', copy: 0, nowMs: one.nowMs, needed: state.point })
      return
    case 'fateOf': {
      yield go('fateOf', afterFate(state, one, without))
      return
    }
    case 'takeBack': {
      const moved = broughtBack(state, one.copy)
      yield go('takeBack', next(one), { ...moved, row: claimed(row, 'live') })
      return
    }
    case 'dropCopy': {
      const gone = withCopy(state, one.copy, { hasFile: false, hasRow: false })
      yield go('dropCopy', next(one), { copies: gone, row: claimed(row, 'live') })
      return
    }
    case 'forgetCopy': {
      const isOf = row?.purgeAt === copies[one.copy]?.purgeAt
      const forgotten = withCopy(state, one.copy, { hasRow: false })
      yield go('forgetCopy', next(one), {
        copies: forgotten,
        row: isOf ? claimed(row, 'staged') : row,
      })
      return
    }
    case 'decidePurge': {
      const decided = withCopy(state, one.copy, { isPurged: true })
      yield go('decidePurge', { ...one, at: 'purgeOne' }, { copies: decided })
      return
    }
    case 'purgeOne': {
      const isOf = row?.state === 'trash' && row.purgeAt === copies[one.copy]?.purgeAt
      const gone = withCopy(state, one.copy, { hasFile: false, hasRow: false })
      const file = without === 'ownCopy' ? false : state.file
      yield go('purgeOne', next(one), { copies: gone, file, row: isOf ? undefined : row })
      return
    }
    case 'unusedObjects': {
      const isUnused =
        row !== undefined &&
        row.state !== 'trash' &&
        row.askedAt <= one.nowMs - stagedFor &&
        row.namedAt <= one.nowMs - unusedFor
      const goes = isUnused && !one.needed && copies.length < mostCopies
      yield go('unusedObjects', goes ? { at: 'trashBatch', nowMs: one.nowMs } : { at: 'idle' })
      return
    }
    case 'trashBatch': {
      const purgeAt = (without === 'fromDecision' ? one.nowMs : now) + trashFor
      const before = one.nowMs - unusedFor
      const isUnused = row !== undefined && row.askedAt <= before && row.namedAt <= before
      const trashed = { hasFile: false, hasRow: true, purgeAt, isPurged: false }
      yield go(
        'trashBatch',
        { at: 'stateOf', copy: copies.length, decidedAt: now },
        {
          copies: [...copies, trashed],
          row: isUnused && row.state !== 'trash' ? { ...row, state: 'trash', purgeAt } : row,
        },
      )
      return
    }
    case 'stateOf': {
      const holds = now - one.decidedAt <= hold && row?.state === 'trash'
      yield go('moveOne: stateOf', holds ? { at: 'move', copy: one.copy } : { at: 'idle' })
      return
    }
    case 'move': {
      const copy = copies[one.copy]
      if (!state.file || copy?.hasFile === true) {
        yield go('move: nothing to move', { at: 'idle' })
        return
      }
      const moved = withCopy(state, one.copy, { hasFile: true })
      if (without === 'oneRename') {
        yield go('move: link', { at: 'move.remove', copy: one.copy }, { copies: moved })
      } else {
        const change = { copies: moved, file: false }
        yield go('move: rename', { at: 'move.lookAgain', copy: one.copy }, change)
      }
      return
    }
    case 'move.remove':
      yield go('move: remove', { at: 'idle' }, { file: false })
      return
    case 'move.lookAgain': {
      const change = row?.state === 'trash' ? {} : broughtBack(state, one.copy)
      yield go('moveOne looks again', { at: 'idle' }, change)
    }
  }
}

function withCollector(state: State, which: 0 | 1, one: Collector): State['collectors'] {
  const [first, second] = state.collectors
  return which === 0 ? [one, second] : [first, one]
}

/** What bears a name in the trash, and has no row: it gets its time anew. */
const adoptUnknown = ({ copies, now }: State): readonly Copy[] =>
  copies.map((copy) =>
    copy.hasFile && !copy.hasRow
      ? { hasFile: true, hasRow: true, purgeAt: now + trashFor, isPurged: false }
      : copy,
  )

interface AtCopy extends Collecting {
  readonly copy: number
}

const next = ({ nowMs, needed, copy }: AtCopy): Collector => ({
  at: 'fateOf',
  nowMs,
  needed,
  copy: copy + 1,
})

function afterFate({ row, file, copies }: State, one: AtCopy, without: Without): Collector {
  const copy = copies[one.copy]
  const { nowMs, needed } = one
  if (copy === undefined) return { at: 'unusedObjects', nowMs, needed }
  if (!copy.hasRow) return next(one)
  if (!copy.hasFile) {
    const isOld = nowMs - (copy.purgeAt - trashFor) > hold
    return isOld ? { ...one, at: 'forgetCopy' } : next(one)
  }
  const isDue = copy.isPurged || copy.purgeAt <= nowMs
  const isClaimed = row?.state !== 'trash' && row !== undefined && without !== 'claimed'
  const isWanted = (needed && without !== 'unneeded') || (isClaimed && !file)
  if (!isWanted) return isDue ? { ...one, at: 'decidePurge' } : next(one)
  if (isDue && file) return { ...one, at: 'dropCopy' }
  return without === 'broughtBack' ? next(one) : { ...one, at: 'takeBack' }
}

/** Undefined where all is well; else what was promised and is not so. */
export function brokenPromise(state: State, { without }: World): string | undefined {
  const isThere = state.file || state.copies.some(({ hasFile }) => hasFile)
  if (state.point && !isThere) return 'a point names bytes that are gone'
  const isYoung = state.sentAt !== undefined && state.now - state.sentAt < stagedFor
  if (isYoung && !isThere) return 'bytes are gone that were acknowledged a short while ago'
  if (!state.point) return undefined
  const later = collectedLater(state, without)
  return later.file ? undefined : 'a collection does not bring back what a point names'
}
