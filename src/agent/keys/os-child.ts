/** A process that asks the key store of the operating system one thing: a request on its input, an answer on its output. */

import type { OsAnswer, OsRequest } from './os-messages.ts'

const service = 'backup-agent'

type Keytar = typeof import('keytar')

async function answer(request: OsRequest): Promise<OsAnswer> {
  let keytar: Keytar
  try {
    const module = (await import('keytar')) as Keytar & { readonly default?: Keytar }
    keytar = module.default ?? module
  } catch (error) {
    return { ok: false, reason: 'absent', message: firstLine(error) }
  }
  try {
    return { ok: true, secret: await carryOut(keytar, request) }
  } catch (error) {
    return { ok: false, reason: 'refused', message: firstLine(error) }
  }
}

async function carryOut(keytar: Keytar, request: OsRequest): Promise<string | null> {
  switch (request.operation) {
    case 'get':
      return await keytar.getPassword(service, request.account)
    case 'set':
      await keytar.setPassword(service, request.account, request.secret)
      return null
    case 'delete':
      await keytar.deletePassword(service, request.account)
      return null
  }
}

const firstLine = (error: unknown): string =>
  (String(error instanceof Error ? error.message : error).split('\n')[0] ?? '').replace(/\.$/, '')

let text = ''
for await (const part of process.stdin.setEncoding('utf8')) text += String(part)
process.stdout.write(JSON.stringify(await answer(JSON.parse(text) as OsRequest)))
