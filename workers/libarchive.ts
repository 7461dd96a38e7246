// Archives read by libarchive as WebAssembly: memory faults of a C library stay within it, and what it makes is handed on piece
// by piece. One archive at a time.
import { type LibarchiveWasm, libarchiveWasm } from "libarchive-wasm";
import { errorText } from "../src/mail/error-text.ts";
import type { TakeOctets } from "./inflate.ts";

export interface LibarchiveMember {
  /** "" where libarchive cannot read it. */
  readonly name: string;
  readonly encrypted: boolean;
}

export interface LibarchiveVisitor {
  /** What takes a member's octets; undefined: it is passed over. */
  member(member: LibarchiveMember): TakeOctets | undefined;
  /** The member's octets are through, or what could be read of them. */
  memberEnd(): void;
  /** No more members are wanted. */
  isEnough(): boolean;
}

export interface LibarchiveResult {
  readonly result: "done" | "failed";
  /** Even its list of members is behind a password. */
  readonly encrypted: boolean;
  /** libarchive's words. */
  readonly detail: string;
}

const pieceBytes = 64 * 1024;
/** Memory of the library that is kept from one archive to the next. */
const keptMemory = 64 * 1024 * 1024;
/** Members with faults, after which the rest is not tried. */
const maxFaults = 20;
const isFolder = "16384";

let loading: Promise<LibarchiveWasm> | undefined;

export async function readWithLibarchive(octets: Buffer, visitor: LibarchiveVisitor): Promise<LibarchiveResult> {
  loading ??= libarchiveWasm();
  const library = await loading;
  try {
    return readArchive(library, octets, visitor);
  } catch (error) {
    // Out of memory, or a fault within it: nothing of it is used again.
    loading = undefined;
    return { result: "failed", encrypted: false, detail: errorText(error) };
  } finally {
    if (library.module.HEAP8.length > keptMemory) loading = undefined;
  }
}

function readArchive(library: LibarchiveWasm, octets: Buffer, visitor: LibarchiveVisitor): LibarchiveResult {
  const { module } = library;
  const whole = module._malloc(octets.length);
  const piece = module._malloc(pieceBytes);
  if (whole === 0 || piece === 0) throw new Error("libarchive: out of memory");
  module.HEAP8.set(octets, whole);
  const archive = library.read_new();
  library.read_support_filter_all(archive);
  library.read_support_format_all(archive);
  let fault = "";
  let faults = 0;
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof Error && error.name === "RuntimeError") throw error;
      fault ||= errorText(error) || "it cannot be read";
      faults += 1;
      return undefined;
    }
  };
  const opened = attempt(() => library.read_open_memory(archive, whole, octets.length)) !== undefined;
  while (opened && faults < maxFaults && !visitor.isEnough()) {
    const entry = library.read_next_entry(archive);
    if (entry === 0) {
      fault ||= library.error_string(archive);
      break;
    }
    if (String(library.entry_filetype(entry)) === isFolder) continue;
    const encrypted = library.entry_is_encrypted(entry) !== 0;
    const take = visitor.member({ name: library.entry_pathname(entry) ?? "", encrypted });
    if (take === undefined) continue;
    if (!encrypted) {
      for (;;) {
        const size = attempt(() => library.read_data(archive, piece, pieceBytes)) ?? 0;
        if (size <= 0 || !take(Buffer.from(module.HEAP8.buffer, piece, size))) break;
      }
    }
    visitor.memberEnd();
  }
  const encrypted = opened && library.read_has_encrypted_entries(archive) === 1;
  attempt(() => library.read_free(archive));
  module._free(whole);
  module._free(piece);
  return { result: fault === "" ? "done" : "failed", encrypted, detail: fault };
}
