/** The version in package.json, which lies above src/ and dist/ alike. */

import { readFileSync } from 'node:fs'

const manifest: unknown = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
)

export const version = String(Reflect.get(Object(manifest) as object, 'version'))
