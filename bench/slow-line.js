/**
 * `npm run bench:slow-line`: a first backup of 40 MB that can't be compressed over a line of 20 Mbit/s and 50 ms each way,
 * which a relay on this machine plays, and how busy the line was from the first byte sent to the last.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as later } from 'node:timers'
import { build, dataSets } from './data.js'
import { ours } from './peers/ours.js'

const bytesPerMs = 20_000_000 / 8 / 1000
const delayMs = 50
/** What a router holds before it takes no more. */
const queueMs = 100

/** One direction of the line: when what was taken so far has left, and how it was used. */
const createLane = () => ({ busyUntilMs: 0, beganMs: undefined, idleMs: 0, bytes: 0 })

function carry(from, to, lane) {
  from.on('data', (part) => {
    const nowMs = performance.now()
    lane.beganMs ??= nowMs
    if (lane.bytes > 0) lane.idleMs += Math.max(0, nowMs - lane.busyUntilMs)
    lane.bytes += part.length
    lane.busyUntilMs = Math.max(nowMs, lane.busyUntilMs) + part.length / bytesPerMs
    const waitMs = lane.busyUntilMs - nowMs
    if (waitMs > queueMs) {
      from.pause()
      later(() => from.resume(), waitMs - queueMs / 2)
    }
    later(() => to.write(part), waitMs + delayMs)
  })
  from.on('close', () => later(() => to.destroy(), 10 * delayMs))
  from.on('error', () => to.destroy())
}

async function startRelay(port) {
  const up = createLane()
  const down = createLane()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    carry(near, far, up)
    carry(far, near, down)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { up, port: server.address().port, close: () => server.close() }
}

const scratch = mkdtempSync(join(tmpdir(), 'backup-bench-'))
try {
  const folder = join(scratch, 'data')
  build(
    dataSets.find(({ name }) => name === 'incompressible'),
    folder,
    0.02,
  )
  let relay
  const via = async (port) => {
    relay = await startRelay(port)
    return relay.port
  }
  const opened = await ours.open(join(scratch, 'ours'), folder, { via })
  Object.assign(relay.up, createLane())
  const { wallSeconds } = await opened.backup()
  const { up } = relay
  const spanMs = up.busyUntilMs - up.beganMs
  await opened.close()
  relay.close()
  console.log(
    `${(up.bytes / 1e6).toFixed(1)} MB in ${wallSeconds.toFixed(1)} s; from the first byte to the last`,
    `${(spanMs / 1000).toFixed(1)} s, ${Math.round(100 * (1 - up.idleMs / spanMs))} % of it busy`,
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
