/** What the vault keeps says nothing of what it protects, and belongs to one machine alone. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { openState } from '../../src/agent/state/state.ts'
import { apiServerName } from '../../src/protocol/routes.ts'
import {
  exitOf,
  registeredMachine,
  startCommandVault,
  testPassphrase,
  type CommandMachine,
} from '../support/commands.ts'
import { ask, open } from '../support/enrol-client.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { expectRestored, writeRandom } from './folder.ts'
import { filesBelow, storedObjects } from './stored.ts'

const names = [
  'a-folder-of-letters',
  'Quarterly résumé of the harbour.txt',
  'where-the-link-points-to',
  'a-path-that-is-not-there',
]
const lines = ['Dear Ms Arbuthnot, the lighthouse is yours.', 'Ψυχή βιβλία βροντή']
/** Nothing makes this smaller, so that it would be stored as it is. */
const content = Buffer.from(pseudoRandomBytes('opaque', 200_000))

function fill(folder: string): void {
  const [directory = '', file = '', target = ''] = names
  mkdirSync(join(folder, directory), { recursive: true })
  writeFileSync(join(folder, directory, file), `${lines.join('\n')}\n`)
  symlinkSync(target, join(folder, directory, 'link'))
  writeFileSync(join(folder, 'content'), content)
}

/** A text in the forms that a program might write it in. */
function formsOf(needle: Buffer): Buffer[] {
  const hexadecimal = needle.toString('hex')
  const texts = [...base64FormsOf(needle), hexadecimal, hexadecimal.toUpperCase()]
  const wide = Buffer.from(needle.toString('utf8'), 'utf16le')
  return [needle, wide, ...texts.map((text) => Buffer.from(text))]
}

/** Without the ends, which depend on what lies around. */
const base64FormsOf = (needle: Buffer): string[] =>
  [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), needle])
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3))
    return (['base64', 'base64url'] as const).map((form) =>
      whole.toString(form).slice(offset === 0 ? 0 : 4),
    )
  })

const needles = [
  ...[...names, ...lines, testPassphrase].map((text) => Buffer.from(text)),
  content.subarray(100_000, 100_024),
]

/** Which of the needles occur below a directory, in names of files or in files. */
function foundBelow(directory: string): string[] {
  const files = filesBelow(directory)
  const haystacks = [Buffer.from(files.join('\n')), ...files.map((path) => readFileSync(path))]
  const isFound = (needle: Buffer) =>
    formsOf(needle).some((form) => haystacks.some((haystack) => haystack.includes(form)))
  return needles.filter(isFound).map((needle) => needle.toString('utf8'))
}

describe('the directory of a vault', { timeout: 120_000 }, () => {
  it('shows no name of a file, no line of a text, no passphrase', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    fill(folder)
    await machine.backup('policy', 'include', folder, join(vault.scratch, names[3] ?? ''))
    for (const content of ['first', 'second']) {
      writeFileSync(join(folder, 'changing'), content)
      expect(await machine.backup('run')).toMatchObject({ code: 3 })
    }
    await expectRestored(machine, folder)
    expect(foundBelow(vault.directory)).toEqual([])
    await vault.serving.stop()
    expect(foundBelow(vault.directory)).toEqual([])
    // What is searched for can be found: on the machine, its key and passphrase apart, it is.
    expect(foundBelow(join(vault.scratch, 'laptop'))).toContain(testPassphrase)
    expect(foundBelow(folder)).toEqual([...names.slice(0, 2), ...lines, needles.at(-1)?.toString()])
  })
})

/** A connection with the machine's own certificate, past the agent's code. */
async function connectAs({ state: directory }: CommandMachine): Promise<TLSSocket> {
  const state = openState(directory)
  const registration = await state.registration.load()
  if (registration === undefined) throw new Error('not registered')
  return await open(registration.port, {
    ca: [...registration.authorities],
    servername: apiServerName(registration.serviceId),
    cert: registration.certificate,
    key: readFileSync(state.paths.machineKey),
  })
}

describe('another machine with a good certificate', { timeout: 120_000 }, () => {
  it('is told of no object, no point and no id that it knows, as if they did not exist', async () => {
    const vault = await startCommandVault()
    const owner = await registeredMachine(vault, 'owner')
    const stranger = await registeredMachine(vault, 'stranger')
    const folder = join(vault.scratch, 'data')
    writeRandom(join(folder, 'file'), 100_000)
    await owner.backup('policy', 'include', folder)
    expect(await owner.backup('run')).toMatchObject({ code: 0 })
    const ids = [...new Set(storedObjects(vault.directory).map(({ id }) => id))]
    const objects = '/v1/repositories/0/objects'

    const ownSocket = await connectAs(owner)
    for (const id of ids) {
      const path = `${objects}/${id}`
      expect(await ask(ownSocket, path, undefined, 'HEAD')).toMatchObject({ status: 200 })
    }
    ownSocket.destroy()

    const socket = await connectAs(stranger)
    const unknown = await ask(socket, `${objects}/${'0'.repeat(64)}`)
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } })
    for (const id of ids) {
      expect(await ask(socket, `${objects}/${id}`)).toEqual(unknown)
      expect(await ask(socket, `${objects}/${id}`, undefined, 'HEAD')).toMatchObject({
        status: 404,
      })
    }
    const missing = await ask(socket, '/v1/repositories/0/missing', { ids })
    expect(missing).toMatchObject({ status: 200, body: { missing: ids } })
    expect(await ask(socket, objects)).toMatchObject({ body: { objects: [], next: null } })
    expect(await ask(socket, '/v1/sources')).toMatchObject({ body: { sources: [] } })
    expect(await ask(socket, '/v1/points?source=files')).toMatchObject({ body: { points: [] } })
    socket.destroy()

    expect(
      exitOf(await stranger.backup('restore', '--point', 'latest', '--to', folder)),
    ).toMatchObject({ code: 2, error: 'unknown-point' })
  })
})
