/** Padmé: sizes rounded up so that they tell little, at a cost of at most 12 % (docs/format.md 4). */

/** The padded size; the result of a padded size is itself. */
export function padme(lengthBytes: number): number {
  if (lengthBytes < 2) return lengthBytes
  const exponent = Math.floor(Math.log2(lengthBytes))
  const kept = Math.floor(Math.log2(exponent)) + 1
  const grain = 2 ** Math.max(0, exponent - kept)
  return Math.ceil(lengthBytes / grain) * grain
}
