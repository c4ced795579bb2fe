/** Directories 4,096 levels deep: no system call takes such a path at once. Made and compared by python3, a step at a time. */

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'

const levels = 4096
const name = 'level-name'

const make = `
import os, sys
os.chdir(sys.argv[1])
for level in range(${levels}):
    os.mkdir('${name}', 0o750)
    os.chdir('${name}')
    if level % 1000 == 0: open('at %d' % level, 'w').write(str(level))
open('bottom', 'w').write('the bottom')
os.symlink('bottom', 'link')
os.setxattr('bottom', 'user.depth', b'${levels}')
for level in range(${levels}):
    os.utime('.', ns=(0, level * 1000 + 1))
    os.chdir('..')
`

const tell = `
import os, stat, sys
os.chdir(sys.argv[1])
depth = 0
while True:
    for each in sorted(os.listdir('.')):
        facts = os.lstat(each)
        told = [depth, each, oct(facts.st_mode), facts.st_mtime_ns, os.listxattr(each, follow_symlinks=False)]
        if stat.S_ISREG(facts.st_mode): told.append(open(each).read())
        if stat.S_ISLNK(facts.st_mode): told.append(os.readlink(each))
        print(*told)
    if not os.path.isdir('${name}'): break
    os.chdir('${name}')
    depth += 1
`

const python = (script: string, ...words: string[]): string =>
  execFileSync('python3', ['-c', script, ...words], { encoding: 'utf8', maxBuffer: 1 << 28 })

describe.runIf(process.platform === 'linux')('a tree of 4,096 levels', () => {
  it('is backed up whole, found, read back and restored', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const [folder, to] = [join(vault.scratch, 'deep'), join(vault.scratch, 'restored')]
    onTestFinished(() => void execFileSync('rm', ['-rf', folder, to]))
    mkdirSync(folder)
    python(make, folder)
    const bottom = join(folder, ...Array.from({ length: levels }, () => name))
    const done = async (...words: string[]) => {
      const ended = await machine.backup(...words)
      expect(ended, ended.stderr).toMatchObject({ code: 0 })
      return ended
    }
    await done('policy', 'include', folder)
    // What changed in the last two seconds before a run is read by the next one, too.
    await sleep(2100)
    await done('run')
    const again = await done('run')
    expect(again.event('summary')).toMatchObject({ bytesRead: 0 })
    expect((await done('ls', 'latest', bottom)).stdout).toContain('bottom')
    expect((await done('find', 'bottom')).stdout).toContain(`${name}/bottom`)
    await done('diff', 'latest', 'latest')
    await done('verify', '--read-data')
    await done('restore', '--point', 'latest', '--to', to)
    expect(python(tell, join(to, folder))).toBe(python(tell, folder))
    await done('restore', '--point', 'latest', '--strip', bottom, '--to', join(to, 'bottom'))
    expect(python(tell, join(to, 'bottom'))).toContain('the bottom')
  })
})
