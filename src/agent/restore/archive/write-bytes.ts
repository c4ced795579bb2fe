/** Takes what a library makes of an archive, and writes it. */

import { joinBytes } from '../../../base/bytes.ts'

/** Resolves when more may come. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>

const writtenAtOnceBytes = 256 * 1024

/** Small pieces are written together. `taken` hears of each piece as it comes. */
export async function writeStream(
  stream: AsyncIterable<Uint8Array>,
  write: WriteBytes,
  taken: (bytes: number) => void = () => undefined,
): Promise<void> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  const writeWaiting = async () => {
    if (waitingBytes > 0) await write(joinBytes(waiting))
    waiting = []
    waitingBytes = 0
  }
  for await (const bytes of stream) {
    taken(bytes.length)
    if (bytes.length >= writtenAtOnceBytes) {
      await writeWaiting()
      await write(bytes)
      continue
    }
    waiting.push(bytes)
    waitingBytes += bytes.length
    if (waitingBytes >= writtenAtOnceBytes) await writeWaiting()
  }
  await writeWaiting()
}
