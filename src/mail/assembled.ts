// Loads the few scans that are written in WebAssembly because Node has no native ones. Each is some hundred octets whose
// text stands beside the module that uses it; that module knows what it means.

// What a module gives; the types of Node do not include WebAssembly.
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: Readonly<Record<string, unknown>>;
  };
};

export interface Assembled {
  /** All of the module's memory. */
  readonly memory: Buffer;
  /** Its one function. */
  readonly run: (length: number) => number;
}

/** Loads a module (base64) that exports `memory` and the function `name`; undefined where the processor cannot run it. */
export function loadAssembled(code: string, name: string): Assembled | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(code, "base64")));
    const { memory, [name]: run } = exports;
    if (!hasBuffer(memory) || !isRun(run)) return undefined;
    return { memory: Buffer.from(memory.buffer), run };
  } catch {
    return undefined;
  }
}

function hasBuffer(value: unknown): value is { readonly buffer: ArrayBuffer } {
  return typeof value === "object" && value !== null && "buffer" in value && value.buffer instanceof ArrayBuffer;
}

function isRun(value: unknown): value is Assembled["run"] {
  return typeof value === "function";
}
