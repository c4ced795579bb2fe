/** `hooks`: commands before and after the runs of a source. */

import { checkedHook, hookNames, type Hook, type Hooks } from '../../policy/hooks.ts'
import { parseDuration, shortDuration } from '../../policy/schedule-words.ts'
import type { Place } from './place.ts'
import type { PolicySection } from './section.ts'

export const hooksSection: PolicySection = {
  key: 'hooks',
  read: (place) => ({ hooks: place && hooksAt(place) }),
  write: ({ hooks }) =>
    hooks &&
    Object.fromEntries(
      hookNames.flatMap((name) => {
        const hook = hooks[name]
        return hook === undefined ? [] : [[name, written(hook)]]
      }),
    ),
  effects: () => ['Hooks run as the user that the agent runs as.'],
}

function hooksAt(place: Place): Hooks | undefined {
  const said = place.fields(hookNames)
  const hooks = hookNames.flatMap((name) => {
    const hook = said.get(name)
    return hook === undefined ? [] : [[name, hookAt(hook)] as const]
  })
  return hooks.length === 0 ? undefined : Object.fromEntries(hooks)
}

function hookAt(place: Place): Hook {
  const said = place.fields(['run', 'time-limit'])
  const run = said.need('run').parsed((text) => text)
  const timeLimitMs = said.get('time-limit')?.parsed(parseDuration)
  return place.checked(() => checkedHook(run, timeLimitMs))
}

const written = ({ run, timeLimitMs }: Hook) => ({ run, 'time-limit': shortDuration(timeLimitMs) })
