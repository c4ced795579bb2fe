/** The server name in the first message of a TLS connection (RFC 8446 4.1.2, RFC 6066 3), read without answering it. */

export type HelloReading =
  /** So far it may be a hello, but it goes on. */
  | { readonly kind: 'incomplete' }
  /** `serverName` is in lower case; undefined where the client names none. */
  | { readonly kind: 'hello'; readonly serverName: string | undefined }
  | { readonly kind: 'not-tls' }

/** Longer hellos are refused. */
export const maxHelloBytes = 16_384

const handshakeRecord = 22
const clientHello = 1
const serverNameExtension = 0
const hostNameType = 0

const incomplete: HelloReading = { kind: 'incomplete' }
const notTls: HelloReading = { kind: 'not-tls' }

/** `bytes`: all that has come in so far, from the first one on. It may be cut anywhere. */
export function readClientHello(bytes: Uint8Array): HelloReading {
  const handshake = joinRecords(bytes)
  if (handshake === undefined) return notTls
  const reader = new Reader(handshake)
  if (handshake.length > 0 && reader.u8() !== clientHello) return notTls
  if (handshake.length < 4) return incomplete
  const length = reader.u24()
  if (length > maxHelloBytes) return notTls
  if (handshake.length < 4 + length) return incomplete
  try {
    return { kind: 'hello', serverName: serverNameOf(reader.part(length)) }
  } catch (error) {
    if (error instanceof RangeError) return notTls
    throw error
  }
}

/** What is there of the handshake's bytes, out of their records; undefined if these are no such records. */
function joinRecords(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const [type, major, , high, low] = bytes.subarray(at, at + 5)
    if (type !== handshakeRecord || (major !== undefined && major !== 3)) return undefined
    if (high === undefined || low === undefined) break
    const length = high * 256 + low
    if (length === 0 || length > maxHelloBytes) return undefined
    parts.push(bytes.subarray(at + 5, at + 5 + length))
    at += 5 + length
  }
  return Buffer.concat(parts)
}

function serverNameOf(hello: Reader): string | undefined {
  hello.part(2 + 32) // version, random
  hello.part(hello.u8()) // session id
  hello.part(hello.u16()) // cipher suites
  hello.part(hello.u8()) // compression methods
  if (hello.isAtEnd) return undefined
  const extensions = hello.part(hello.u16())
  while (!extensions.isAtEnd) {
    const type = extensions.u16()
    const content = extensions.part(extensions.u16())
    if (type === serverNameExtension) return hostNameOf(content)
  }
  return undefined
}

function hostNameOf(extension: Reader): string | undefined {
  const names = extension.part(extension.u16())
  while (!names.isAtEnd) {
    const type = names.u8()
    const name = names.part(names.u16())
    if (type === hostNameType) return name.text().toLowerCase()
  }
  return undefined
}

/** Reads forward; throws a RangeError beyond the end. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  u8(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw new RangeError('beyond the end')
    this.#at += 1
    return value
  }

  u16(): number {
    return this.u8() * 256 + this.u8()
  }

  u24(): number {
    return this.u16() * 256 + this.u8()
  }

  part(length: number): Reader {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('beyond the end')
    const part = new Reader(this.#bytes.subarray(this.#at, end))
    this.#at = end
    return part
  }

  text(): string {
    return Buffer.from(this.#bytes).toString('latin1')
  }
}
