import type { Chunker } from '../../src/chunker/chunker.ts'

/** The ends of the chunks of `data`, read in blocks of `blockBytes`. */
export function cutsOf(
  chunker: Chunker,
  data: Uint8Array,
  blockBytes: number | ((at: number) => number) = 1000,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): number[] {
  const cuts: number[] = []
  let end = 0
  chunker.start()
  for (let at = 0, read = -1; read !== 0; at += read) {
    const room = chunker.room()
    const wanted = typeof blockBytes === 'number' ? blockBytes : blockBytes(at)
    read = Math.min(wanted, room.length, data.length - at)
    room.set(data.subarray(at, at + read))
    chunker.accept(read)
    for (const chunk of chunker.chunks()) {
      end += chunk.length
      cuts.push(end)
      onChunk(chunk)
    }
  }
  return cuts
}
