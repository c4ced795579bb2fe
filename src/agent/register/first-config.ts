/** The config that a repository begins with. */

import type { RandomBytes } from '../../base/bytes.ts'
import type { Secret } from '../../base/secret.ts'
import { defaultChunkerParameters } from '../../chunker/parameters.ts'
import { deriveKeys } from '../../crypto/keys.ts'
import { configContext, sealObject } from '../../crypto/sealed-object.ts'
import { withSum } from '../../model/record-sum.ts'
import { encodeConfig } from '../../model/repository-config.ts'

interface FirstConfig {
  readonly masterKey: Secret
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly repository: number
  readonly createdMs: number
  /** Sealed keys of earlier repositories. */
  readonly predecessors?: Uint8Array
}

/** As it is stored. */
export function sealConfig(
  { masterKey, ...facts }: FirstConfig,
  random: RandomBytes,
): Uint8Array<ArrayBuffer> {
  const payload = encodeConfig({ number: 0, chunker: defaultChunkerParameters, ...facts })
  const content = { type: 'config', epoch: 0, context: configContext(0), payload } as const
  return withSum(sealObject(content, deriveKeys(masterKey.bytes, facts.repositoryId), random))
}
