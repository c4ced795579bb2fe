/** Streams that keep what is written to them. */

import { Writable } from 'node:stream'

export type Captured = Writable & { readonly text: () => string; readonly lines: () => string[] }

export function capture(terminal?: { readonly columns: number }): Captured {
  let text = ''
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      text += String(chunk)
      done()
    },
  })
  return Object.assign(stream, {
    text: () => text,
    lines: () => text.split('\n').slice(0, -1),
    ...(terminal && { isTTY: true, columns: terminal.columns }),
  })
}
