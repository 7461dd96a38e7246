// Files in text as uuencode puts them there, found and decoded piece by piece; also its base64 form. Many readers show them
// as attachments, whatever the text was declared as.
import { createBase64Decoder } from "./base64.ts";
import type { PartSink } from "./part-sink.ts";

export interface UuReader {
  /** A file begins that holds something; undefined when nobody wants it. `name`: one character per octet. */
  onFile(name: string): PartSink | undefined;
  /** A file has no end, or has lines that are none. */
  onDoubt(detail: string): void;
}

const LF = 10;
/** A line that is longer is no line of a file, and begins none. */
const maxLine = 1100;

interface Announced {
  readonly name: string;
  readonly base64: boolean;
}

/** Lines behind an announcement that is followed by something else, in which lenient readers still look for the file. */
const maxDoubtful = 1000;

/** "announced": a line says that a file begins; it is one once the next line is understood, else that is "doubtful". */
type State =
  | { readonly in: "text" }
  | { readonly in: "doubtful"; readonly left: number }
  | { readonly in: "announced"; readonly begin: Announced }
  | { readonly in: "file"; readonly base64: boolean; readonly sink: PartSink | undefined };

/** Reads text and finds the files in it. */
export function createUuScanner({ onFile, onDoubt }: UuReader): PartSink {
  let state: State = { in: "text" };
  let carry = Buffer.alloc(0);
  let atLineStart = true;

  function finish(doubt?: string): void {
    if (state.in === "file") {
      if (doubt !== undefined) onDoubt(doubt);
      state.sink?.end();
    }
    state = { in: "text" };
  }

  function write(octets: Buffer): void {
    if (state.in === "announced") {
      const { name, base64 } = state.begin;
      const file = onFile(name);
      state = { in: "file", base64, sink: base64 && file !== undefined ? createBase64Decoder(file, onDoubt) : file };
    }
    if (state.in === "file") state.sink?.write(octets);
  }

  /** One line without its end. */
  function readLine(line: string): void {
    if (state.in === "text" || state.in === "doubtful") {
      const begin = readBegin(line);
      if (begin !== undefined) state = { in: "announced", begin };
      else if (state.in === "doubtful") lookForEnd(line, state.left);
      return;
    }
    const base64 = state.in === "file" ? state.base64 : state.begin.base64;
    if (line === (base64 ? "====" : "end")) finish();
    else if (!base64 && (line === "" || line === "`")) return;
    else {
      const octets = base64 ? base64Line(line) : decodeLine(line);
      if (octets !== undefined) write(octets);
      else if (state.in === "announced") state = { in: "doubtful", left: maxDoubtful };
      else finish("uuencode that breaks off");
    }
  }

  function lookForEnd(line: string, left: number): void {
    const isFound = line === "end" || (line.length > 20 && decodeLine(line) !== undefined);
    if (isFound) onDoubt("uuencode with something else behind its first line");
    state = isFound || left === 0 ? { in: "text" } : { in: "doubtful", left: left - 1 };
  }

  /** Where the next line of interest starts; the end of what is certain where there is none. */
  function nextLine(buffer: Buffer, at: number): { at: number; found: boolean } {
    if (state.in !== "text" || (atLineStart && mayBegin(buffer, at))) return { at, found: true };
    const next = buffer.indexOf("\nbegin", at);
    if (next >= 0) return { at: next + 1, found: true };
    // The start of such a line may be at the end.
    const tail = buffer.lastIndexOf(LF);
    return { at: tail >= at && buffer.length - tail < 6 ? tail : buffer.length, found: false };
  }

  /** Returns how far it read. */
  function scan(buffer: Buffer, final: boolean): number {
    for (let from = 0; from < buffer.length; ) {
      const { at, found } = nextLine(buffer, from);
      if (!found) {
        atLineStart = false;
        return at;
      }
      const lf = buffer.indexOf(LF, at);
      if (lf < 0 && !final && buffer.length - at < maxLine) {
        atLineStart = true;
        return at;
      }
      const end = lf < 0 ? buffer.length : lf;
      readLine(buffer.toString("latin1", at, Math.min(end, at + maxLine)).trimEnd());
      atLineStart = lf >= 0;
      from = lf < 0 ? end : lf + 1;
    }
    return buffer.length;
  }

  return {
    write(octets) {
      const buffer = carry.length === 0 ? octets : Buffer.concat([carry, octets]);
      carry = Buffer.from(buffer.subarray(scan(buffer, false)));
    },
    end() {
      scan(carry, true);
      finish("uuencode without an end");
    },
  };
}

function base64Line(line: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(line) ? Buffer.from(`${line}\r\n`, "latin1") : undefined;
}

function mayBegin(buffer: Buffer, at: number): boolean {
  const start = "begin";
  for (let i = 0; i < start.length && at + i < buffer.length; i += 1)
    if (buffer[at + i] !== start.charCodeAt(i)) return false;
  return true;
}

function readBegin(line: string): Announced | undefined {
  const begin = /^begin(-base64)? +[0-7]{3,4}(?: +(\S.*))?$/.exec(line);
  // Some readers take a file without a name as well; the next line shows whether it is one.
  return begin === null ? undefined : { name: begin[2] ?? "", base64: begin[1] !== undefined };
}

/** A line's octets; undefined when it is no line of uuencode. */
function decodeLine(line: string): Buffer | undefined {
  const first = line.charCodeAt(0);
  if (first < 32 || first > 96) return undefined;
  const size = (first - 32) & 63;
  const needed = Math.ceil(size / 3) * 4;
  // Blanks at the end may be gone on the way; some write a check character or two behind.
  if (line.length - 1 > needed + 2) return undefined;
  const octets = Buffer.alloc(Math.ceil(size / 3) * 3);
  for (let group = 0, at = 1; group < octets.length; group += 3, at += 4) {
    let bits = 0;
    for (let i = at; i < at + 4; i += 1) {
      const code = i < line.length ? line.charCodeAt(i) : 32;
      if (code < 32 || code > 96) return undefined;
      bits = (bits << 6) | ((code - 32) & 63);
    }
    octets.writeUIntBE(bits, group, 3);
  }
  return octets.subarray(0, size);
}
