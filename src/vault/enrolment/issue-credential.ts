/** Making a vault credential: a key pair for one file, whose private half the vault forgets. */

import { generateKeyPairSync } from 'node:crypto'
import type { Credential } from '../catalog/credentials.ts'
