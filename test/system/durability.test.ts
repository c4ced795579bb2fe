/** Acknowledged means durable (DESIGN 3, rule 2), as the kernel sees it: strace of a vault that a machine backs up to. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { backUp, mebibyte, writeRandom } from '../faults/folder.ts'
import { until } from '../faults/until.ts'
import { registeredMachine, run } from '../support/commands.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { parseTrace, pathsOf, type SystemCall } from './trace.ts'

const here = import.meta.dirname
const program = resolve(here, '../../bin/backup-vault.js')
const traced =
  'write,pwrite64,writev,pwritev,fsync,fdatasync,link,linkat,rename,renameat,mkdir,mkdirat'

/** `backup-vault serve` under strace; `stop` gives the system calls. */
async function serveTraced(directory: string, traceFile: string) {
  // As a grandchild, strace lets signals reach the vault.
  const strace = ['-D', '-f', '-y', '-s', '200', '-e', `trace=${traced}`, '-o', traceFile]
  const serve = [
    program,
    'serve',
    '--dir',
    directory,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--json',
  ]
  const hook = `--import=${join(here, 'mark-answers.mjs')}`
  const child = spawn('strace', [...strace, process.execPath, hook, ...serve], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, UV_USE_IO_URING: '0' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [first] = (await once(lines, 'line')) as [string]
  const { port } = JSON.parse(first) as { port: number }
  // strace fills numbers of processes up to five places.
  const end = new RegExp(`^${child.pid} +\\+\\+\\+ exited with 0 `, 'm')
  const isWritten = () => end.test(readFileSync(traceFile, 'utf8'))
  return {
    port,
    stop: async (): Promise<readonly SystemCall[]> => {
      child.kill('SIGTERM')
      await ended
      await until(isWritten, 'strace ends')
      return parseTrace(readFileSync(traceFile, 'utf8'))
    },
  }
}

/** The system calls of a vault while a machine registers, and backs up twice. */
async function traceOfBackups(): Promise<readonly SystemCall[]> {
  const scratch = scratchDirectory()
  const directory = join(scratch, 'vault')
  const vault = (...words: string[]) => run('backup-vault', ['--dir', directory, ...words])
  await vault('init', '--address', '127.0.0.1:9')
  const serving = await serveTraced(directory, join(scratch, 'trace'))
  await vault('vault', 'set-address', `127.0.0.1:${serving.port}`)
  await vault('vault', 'create', 'home')
  const file = join(scratch, 'credential')
  await vault('credentials', 'home', '--out', file)
  const machine = await registeredMachine({ scratch, credential: () => Promise.resolve(file) })
  const folder = join(scratch, 'data')
  for (let number = 0; number < 20; number++) {
    writeRandom(join(folder, `file-${number}`), 2 * mebibyte)
  }
  await machine.backup('policy', 'include', folder)
  await backUp(machine)
  writeRandom(join(folder, 'file-3'), mebibyte)
  await backUp(machine)
  return await serving.stop()
}

/** Of an answer of 201: what was stored (the end of its paths), and when the answer was begun. */
interface Answer {
  readonly kind: string
  readonly files: readonly string[]
  readonly begun: number
}

const answerLine = /"answer 201 PUT \/v1\/([^"\\]*)/

const answersIn = (calls: readonly SystemCall[]): Answer[] =>
  calls.flatMap(({ name, words, begun }) => {
    const [, path] = (name === 'write' && answerLine.exec(words)) || []
    return path === undefined ? [] : [{ ...storedAs(path), begun }]
  })

function storedAs(path: string): Pick<Answer, 'kind' | 'files'> {
  const [first = '', name = '', folder = '', kind = '', id = ''] = path.split('/')
  const numbered = (number: string) => Number(number).toString(16).padStart(16, '0')
  if (first === 'sources') {
    const point = `points/${name}/${numbered(kind)}`
    return { kind: 'point', files: [`${point}/commit`, `${point}/record-${numbered('0')}`] }
  }
  const repository = `repositories/${name}`
  return folder === 'objects'
    ? { kind, files: [`${repository}/${kind}/${id.slice(0, 2)}/${id}`] }
    : { kind: folder, files: [`${repository}/${folder}/${numbered(kind)}`] }
}

const isSync = ({ name, result }: SystemCall) => name === 'fsync' && result === '0'
const isWrite = ({ name }: SystemCall) => /^p?write/.test(name)
const isNaming = ({ name, result }: SystemCall) => /^(link|rename)/.test(name) && result === '0'
const isMaking = ({ name, result }: SystemCall) => name.startsWith('mkdir') && result === '0'

interface Span {
  readonly path: string
  readonly after: number
  readonly before: number
}

const isSynced = (calls: readonly SystemCall[], { path, after, before }: Span): boolean =>
  calls.some(
    (call) =>
      isSync(call) && pathsOf(call)[0] === path && call.begun > after && call.ended < before,
  )

/** What was not durable when the answer was begun. */
function missedBy(calls: readonly SystemCall[], answer: Answer): string[] {
  const trees = answer.kind === 'data' ? ['objects'] : ['objects', 'copies']
  const ends = answer.files.flatMap((file) => trees.map((tree) => ({ tree, file })))
  return ends.flatMap(({ tree, file }) => {
    const naming = calls.find(
      (call) =>
        isNaming(call) &&
        call.ended < answer.begun &&
        pathsOf(call).at(-1)?.endsWith(`/${file}`) === true &&
        pathsOf(call).at(-1)?.includes(`/${tree}/`) === true,
    )
    return naming === undefined
      ? [`${tree}/${file}: its name`]
      : missedByName(calls, naming, answer)
  })
}

function missedByName(
  calls: readonly SystemCall[],
  naming: SystemCall,
  { begun: before }: Answer,
): string[] {
  const [temporary = '', file = ''] = [pathsOf(naming)[0], pathsOf(naming).at(-1)]
  const written = calls.findLast((call) => isWrite(call) && pathsOf(call)[0] === temporary)
  const content = { path: temporary, after: written?.ended ?? Infinity, before: naming.begun }
  const name = { path: dirname(file), after: naming.ended, before }
  const folders = calls
    .filter((call) => isMaking(call) && call.ended < before && isAbove(pathsOf(call)[0], file))
    .map((call) => ({ path: dirname(pathsOf(call)[0] ?? ''), after: call.ended, before }))
  return [content, name, ...folders]
    .filter((span) => !isSynced(calls, span))
    .map(({ path }) => `${file}: fsync of ${path}`)
}

const isAbove = (folder = '', file: string): boolean => file.startsWith(`${folder}/`)

describe.runIf(existsSync('/usr/bin/strace'))('an answer of 201', () => {
  it('is begun when file, name, and the names of new folders are synced', async () => {
    const calls = await traceOfBackups()
    const answers = answersIn(calls)
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(
      new Set(['configs', 'slots', 'data', 'tree', 'index', 'refs', 'manifest', 'point']),
    )
    expect(answers.flatMap((answer) => missedBy(calls, answer))).toEqual([])
  })
})
