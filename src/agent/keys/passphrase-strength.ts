/** How much work a passphrase gives to whoever guesses, at most: people's own have less than their characters allow. */

const kinds: readonly (readonly [RegExp, number])[] = [
  [/\p{Ll}/u, 26],
  [/\p{Lu}/u, 26],
  [/\p{N}/u, 10],
  [/[^\p{L}\p{N}]/u, 33],
]

/** Bits, as if each character were chosen at random from the kinds that are there; repeated ones count little. */
export function strengthBits(passphrase: string): number {
  const characters = Array.from(passphrase.normalize('NFC'))
  const pool = kinds.reduce((sum, [kind, size]) => sum + (kind.test(passphrase) ? size : 0), 0)
  const distinct = new Set(characters).size
  const counted = Math.min(characters.length, 2 * distinct)
  return Math.floor(counted * Math.log2(Math.min(Math.max(pool, 2), 8 * distinct)))
}

export function strengthText(passphrase: string): string {
  const bits = strengthBits(passphrase)
  const word = bits < 60 ? 'weak' : bits < 90 ? 'fair' : 'good'
  return `${word} (${bits} bits at most; words and dates have far less; a made one has 130)`
}
