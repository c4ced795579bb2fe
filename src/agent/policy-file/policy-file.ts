/** The policy of a source as one YAML file: to settings and back. What a file does not say is as by default. */

import { stringify } from 'yaml'
import { BackupError } from '../../base/errors.ts'
import type { SourceName } from '../../model/ids.ts'
import type { SourcePolicy } from '../state/policy-state.ts'
import { openDocument } from './document.ts'
import { policySections } from './sections.ts'
import type { PolicySection, ReadContext } from './section.ts'
import { givenSourceName } from './source-name.ts'

export interface PolicyFile {
  /** The file may name the source that it is for. */
  readonly source: SourceName | undefined
  /** @throws BackupError `policy-invalid` with all that is wrong, the first thing of each section */
  policy(context: ReadContext): SourcePolicy
}

const sourceKey = 'source'
const keys = [sourceKey, ...policySections.map(({ key }) => key)]

/**
 * @param name as people know the file
 * @throws BackupError `policy-invalid`
 */
export function openPolicyFile(bytes: Uint8Array, name: string): PolicyFile {
  const fields = openDocument(bytes, name).fields(keys)
  return {
    source: fields.get(sourceKey)?.parsed(givenSourceName),
    policy: (context) => {
      const problems: BackupError[] = []
      const parts = policySections.map((section) => {
        try {
          return section.read(fields.get(section.key), context)
        } catch (error) {
          if (!(error instanceof BackupError) || error.code !== 'policy-invalid') throw error
          problems.push(error)
          return {}
        }
      })
      if (problems.length > 0) throw allOf(problems)
      return parts.reduce<SourcePolicy>((policy, part) => ({ ...policy, ...part }), context.old)
    },
  }
}

function allOf(problems: readonly BackupError[]): BackupError {
  const [first] = problems
  return new BackupError('policy-invalid', problems.map(({ message }) => message).join('\n'), {
    hint: first?.hint,
    facts: { problems: problems.map(({ message, hint, facts }) => ({ message, hint, ...facts })) },
  })
}

/** The file that says what holds. */
export function policyText(source: string, policy: SourcePolicy): string {
  const parts = policySections.map(({ key, write }) => [key, write(policy)] as const)
  const said = parts.filter(([, part]) => part !== undefined)
  return yamlText({ [sourceKey]: source, ...Object.fromEntries(said) })
}

export interface SectionChange {
  readonly section: PolicySection
  /** YAML; empty where it is as by default. */
  readonly before: string
  readonly after: string
}

/** The sections in which two policies differ. */
export const changesBetween = (old: SourcePolicy, wanted: SourcePolicy): SectionChange[] =>
  policySections
    .map((section) => ({
      section,
      before: sectionText(section, old),
      after: sectionText(section, wanted),
    }))
    .filter(({ before, after }) => before !== after)

function sectionText({ key, write }: PolicySection, policy: SourcePolicy): string {
  const part = write(policy)
  return part === undefined ? '' : yamlText({ [key]: part })
}

const yamlText = (value: unknown): string => stringify(value, { lineWidth: 0 })
