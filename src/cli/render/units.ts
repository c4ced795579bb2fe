/** Sizes, times and durations as people read them. */

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

export function sizeText(bytes: number): string {
  let value = bytes
  let step = 0
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024
    step += 1
  }
  return `${step === 0 ? String(value) : value.toFixed(value < 10 ? 2 : 1)} ${steps[step] ?? ''}`
}

/** `2026-11-23 09:15:02Z`: UTC, the same for everyone who reads a log. */
export const timeText = (ms: number | null): string =>
  ms === null
    ? '-'
    : new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z')
