import { systemClock } from '../../src/base/clock.ts'
import { openFileStore } from '../../src/vault/objects/file-store.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { describeObjectStore } from './object-store.ts'

describeObjectStore('the store of files', async () =>
  openFileStore(scratchDirectory(), { clock: systemClock }),
)
