/** Payload of a repository's config (docs/format.md 5.1). */

import { BackupError } from '../base/errors.ts'
import { asText, decodeCbor, encodeCbor, fieldsOf, type CborValue } from './cbor.ts'

export interface ChunkerConfig {
  readonly minBytes: number
  readonly normalBytes: number
  readonly maxBytes: number
  readonly strictBits: number
  readonly looseBits: number
}

export interface RepositoryConfig {
  readonly number: number
  readonly repository: number
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly chunker: ChunkerConfig
  readonly createdMs: number
  /** Sealed keys of the machine's earlier repositories: from the first rotation of the key on. */
  readonly predecessors?: Uint8Array | undefined
}

const chunkerName = 'gear64'

export function encodeConfig(config: RepositoryConfig): Uint8Array<ArrayBuffer> {
  const { chunker, predecessors } = config
  return encodeCbor(
    new Map<number, CborValue>([
      [0, config.number],
      [1, config.repository],
      [2, config.repositoryId],
      [
        3,
        new Map<number, CborValue>([
          [0, chunkerName],
          [1, chunker.minBytes],
          [2, chunker.normalBytes],
          [3, chunker.maxBytes],
          [4, chunker.strictBits],
          [5, chunker.looseBits],
        ]),
      ],
      [4, []],
      [5, config.createdMs],
      ...(predecessors === undefined ? [] : [[6, predecessors] as const]),
    ]),
  )
}

/** @throws BackupError `unsupported-format` that names the chunker or feature this program does not know. */
export function decodeConfig(payload: Uint8Array): RepositoryConfig {
  const fields = fieldsOf(decodeCbor(payload), 'a config')
  const chunkerFields = fieldsOf(fields.map(3), 'the chunker of a config')
  const unknown = fields.array(4).map((feature) => asText(feature, 'a feature of a config'))
  if (unknown.length > 0) throw unsupported(`the feature ${unknown.join(', ')}`)
  const name = chunkerFields.text(0)
  if (name !== chunkerName) throw unsupported(`the chunker ${name}`)
  const config = {
    number: fields.uint(0),
    repository: fields.uint(1),
    repositoryId: fields.bytes(2, 32),
    chunker: {
      minBytes: chunkerFields.uint(1),
      normalBytes: chunkerFields.uint(2),
      maxBytes: chunkerFields.uint(3),
      strictBits: chunkerFields.uint(4),
      looseBits: chunkerFields.uint(5),
    },
    createdMs: fields.uint(5),
    ...(fields.has(6) && { predecessors: fields.bytes(6) }),
  }
  fields.finish()
  chunkerFields.finish()
  return config
}

const unsupported = (what: string): BackupError =>
  new BackupError(
    'unsupported-format',
    `This repository needs ${what}, which this program does not know.`,
    {
      hint: 'Install a newer version of this program.',
    },
  )
