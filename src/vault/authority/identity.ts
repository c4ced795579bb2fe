/**
 * What makes a service itself: its id, its names and the keys of its authorities. Kept in one file of the vault's directory
 * that only its owner can read, and, sealed, in the operator's identity file.
 */

import { join } from 'node:path'
import { z } from 'zod'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { createFile, isOpenToOthers, readBounded, replaceFile } from '../../base/files.ts'

/** An authority with its key, all in PEM. */
export interface AuthorityKeys {
  /** Signed by its own key. */
  readonly certificate: string
  /** Of the same key, signed by the authority before it; the first one has none. */
  readonly crossCertificate?: string | undefined
  /** PKCS#8. */
  readonly privateKey: string
}

export interface ServiceIdentity {
  /** 32 hexadecimal digits: part of the fixed server names. */
  readonly serviceId: string
  /** Further names and addresses that the server's certificates are to hold. */
  readonly names: readonly string[]
  /** From the first one on, each successor signed by the one before. Never empty. */
  readonly authorities: readonly AuthorityKeys[]
}

const pem = z.string().max(8_192)

const identitySchema = z.strictObject({
  format: z.literal(1),
  serviceId: z.string().regex(/^[0-9a-f]{32}$/),
  names: z.array(z.string().max(253)).max(64),
  authorities: z
    .array(
      z.strictObject({
        certificate: pem,
        crossCertificate: pem.optional(),
        privateKey: pem,
      }),
    )
    .min(1)
    .max(16),
})

export const maxIdentityBytes = 512 * 1024

const fileName = 'authority.json'
const pathIn = (directory: string): string => join(directory, fileName)

/** @throws BackupError `not-found`, `file-permissions`, `state-damaged`, `unsupported-format` */
export async function readIdentity(directory: string): Promise<ServiceIdentity> {
  const path = pathIn(directory)
  if (await isOpen(path, directory)) {
    throw new BackupError('file-permissions', `Others than its owner can read ${path}.`, {
      hint: `It holds the vault's keys: chmod 600 ${path}`,
    })
  }
  return parseIdentity(await readBounded(path, maxIdentityBytes), path)
}

async function isOpen(path: string, directory: string): Promise<boolean> {
  try {
    return await isOpenToOthers(path)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'ENOTDIR')
      throw unreadable(path, error)
    throw new BackupError('not-found', `There is no vault in ${directory}.`, {
      hint: 'Make one with backup-vault init --address HOST:PORT, or say where it is with --dir.',
    })
  }
}

/** False when there is one already, which stays as it is. */
export const createIdentity = (directory: string, identity: ServiceIdentity): Promise<boolean> =>
  createFile(pathIn(directory), encodeIdentity(identity))

export const replaceIdentity = (directory: string, identity: ServiceIdentity): Promise<void> =>
  replaceFile(pathIn(directory), encodeIdentity(identity))

export const encodeIdentity = (identity: ServiceIdentity): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(`${JSON.stringify({ format: 1, ...identity }, undefined, 2)}\n`))

/** `what`: for messages. @throws BackupError `state-damaged`, `unsupported-format` */
export function parseIdentity(bytes: Uint8Array, what: string): ServiceIdentity {
  const value = parseJson(bytes, what)
  const format = z.looseObject({ format: z.number() }).safeParse(value)
  if (format.success && format.data.format !== 1) {
    throw new BackupError('unsupported-format', `${what} is of format ${format.data.format}.`, {
      hint: 'A newer backup-vault wrote it; use that one.',
    })
  }
  const parsed = identitySchema.safeParse(value)
  if (!parsed.success) throw damaged(what, parsed.error)
  const { serviceId, names, authorities } = parsed.data
  return { serviceId, names, authorities }
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw damaged(what, error)
  }
}

const damaged = (what: string, cause: unknown): BackupError =>
  new BackupError('state-damaged', `${what} is not what backup-vault wrote.`, {
    hint: 'Take it back from the identity file: backup-vault init --from IDENTITY --passphrase-file F.',
    cause,
  })

const unreadable = (path: string, cause: unknown): BackupError =>
  new BackupError('file-unreadable', `Cannot read ${path}.`, { cause })
