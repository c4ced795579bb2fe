/** The part of WebAssembly's interface that the kernel needs; @types/node 20 does not declare it. */

declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string
  }
  const Module: new (bytes: Uint8Array) => Module

  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  const Instance: new (module: Module) => Instance

  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  const Memory: abstract new () => Memory

  interface Global {
    readonly value: unknown
  }
  const Global: abstract new () => Global
}
