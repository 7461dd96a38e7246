// Files in text as uuencode puts them there, found and decoded piece by piece; also its base64 form, xxencode and yEnc. Many
// readers show them as attachments, whatever the text was declared as.
import { createBase64Decoder } from "./base64.ts";
import { type Coding, readFileLine } from "./file-lines.ts";
import type { PartSink } from "./part-sink.ts";

export interface UuReader {
  /** A file begins. Returns undefined when its content is not wanted. `name`: one character per octet. */
  onFile(name: string): PartSink | undefined;
  /** A file has no end, or has lines that are none. */
  onDoubt(detail: string): void;
}

const LF = 10;
const EQUALS = 61;
const noOctets = Buffer.alloc(0);
const beginMark = Buffer.from("begin");
/** A line that is longer is no line of a file, and begins none. */
const maxLine = 1100;

interface Announced {
  readonly name: string;
  /** What its lines may be; the next one shows it. */
  readonly codings: readonly Coding[];
  /** A piece of a file: the others are in other mails. */
  readonly isPiece?: boolean;
  /** Written as most readers do not know it. */
  readonly isLoose?: boolean;
}

/** Lines behind an announcement that is followed by something else, in which lenient readers still look for the file. */
const maxDoubtful = 1000;

/** "announced": a line says that a file begins; it is one once the next line is understood, else that is "doubtful". */
type State =
  | { readonly in: "text" }
  | { readonly in: "doubtful"; readonly left: number }
  | { readonly in: "announced"; readonly begin: Announced }
  | { readonly in: "file"; readonly coding: Coding; readonly sink: PartSink | undefined };

/** Reads text and finds the files in it. */
export function createUuScanner({ onFile, onDoubt }: UuReader): PartSink {
  let state: State = { in: "text" };
  let carry = noOctets;
  let atLineStart = true;

  function finish(doubt?: string): void {
    if (state.in === "file") {
      if (doubt !== undefined) onDoubt(doubt);
      state.sink?.end();
    }
    state = { in: "text" };
  }

  function beginFile({ name, isPiece }: Announced, coding: Coding): void {
    if (isPiece === true) onDoubt("a piece of a file");
    const file = onFile(name);
    state = { in: "file", coding, sink: coding === "base64" && file ? createBase64Decoder(file, onDoubt) : file };
  }

  /** One line without its end. */
  function readLine(line: string): void {
    if (state.in === "text" || state.in === "doubtful") {
      const begin = readBegin(line);
      if (begin !== undefined) state = { in: "announced", begin };
      else if (state.in === "doubtful") lookForEnd(line, state.left);
    } else if (state.in === "announced") readFirst(line, state.begin);
    else {
      const found = readFileLine(state.coding, line);
      if (found === "end") finish();
      else if (found === undefined) finish(`${state.coding === "xxencode" ? "xxencode" : "uuencode"} that breaks off`);
      else if (found !== "pass") state.sink?.write(found);
    }
  }

  /** The line behind an announcement shows whether it is one. */
  function readFirst(line: string, begin: Announced): void {
    const [coding, another] = begin.codings.filter((each) => readFileLine(each, line) !== undefined);
    if (coding !== undefined) {
      const found = readFileLine(coding, line);
      if (found === "pass" || found === undefined) return;
      if (another !== undefined && found !== "end") onDoubt(`a file in ${coding} or ${another}`);
      beginFile(begin, coding);
      if (found === "end") finish();
      else if (state.in === "file") state.sink?.write(found);
      return;
    }
    state = begin.isLoose === true ? { in: "text" } : { in: "doubtful", left: maxDoubtful };
  }

  function lookForEnd(line: string, left: number): void {
    const isLine = (coding: Coding) => line.length > 20 && readFileLine(coding, line) instanceof Buffer;
    const isFound = line.trimEnd() === "end" || isLine("uuencode") || isLine("xxencode");
    if (isFound) onDoubt("uuencode with something else behind its first line");
    state = isFound || left === 0 ? { in: "text" } : { in: "doubtful", left: left - 1 };
  }

  /** Where the next line of interest starts; the end of what is certain where there is none. */
  function nextLine(buffer: Buffer, at: number): { at: number; found: boolean } {
    if (state.in !== "text" || (atLineStart && mayBegin(buffer, at))) return { at, found: true };
    for (let word = buffer.indexOf(beginMark, at); word >= 0; word = buffer.indexOf(beginMark, word + 5)) {
      if (word > at && buffer[word - 1] === LF) return { at: word, found: true };
      if (word > at + 2 && buffer[word - 3] === LF && buffer.toString("latin1", word - 2, word) === "=y")
        return { at: word - 2, found: true };
    }
    // The start of such a line may be at the end.
    const tail = buffer.lastIndexOf(LF);
    return { at: tail >= at && buffer.length - tail < 8 ? tail : buffer.length, found: false };
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
      readLine(buffer.toString("latin1", at, Math.min(end, at + maxLine)).replace(/\r$/, ""));
      atLineStart = lf >= 0;
      from = lf < 0 ? end : lf + 1;
    }
    return buffer.length;
  }

  return {
    write(octets) {
      const buffer = carry.length === 0 ? octets : Buffer.concat([carry, octets]);
      const end = scan(buffer, false);
      carry = end === buffer.length ? noOctets : Buffer.from(buffer.subarray(end));
    },
    end() {
      scan(carry, true);
      finish("uuencode without an end");
    },
  };
}

const starts = ["begin", "=ybegin"];

function mayBegin(buffer: Buffer, at: number): boolean {
  if (buffer[at] !== beginMark[0] && buffer[at] !== EQUALS) return false;
  return starts.some((start) => {
    const here = buffer.toString("latin1", at, at + start.length);
    return start.startsWith(here);
  });
}

function readBegin(line: string): Announced | undefined {
  if (line.startsWith("=ybegin ")) return readYbegin(line);
  const begin = /^begin(-base64)? +[0-7]{3,4}(?: +(\S.*))?$/.exec(line.trimEnd());
  if (begin === null) return readLooseBegin(line);
  // Some readers take a file without a name as well; the next line shows whether it is one.
  const [, base64, name = ""] = begin;
  return { name, codings: base64 === undefined ? ["uuencode", "xxencode"] : ["base64"] };
}

/** Readers that want no mode, only two blanks, or take any number for one. Text may begin so too: then nobody is in doubt over it. */
function readLooseBegin(line: string): Announced | undefined {
  const name = /^begin(?:[ \t]+[0-7]{1,7}[ \t]|[ \t]{2})[ \t]*(\S.*)$/.exec(line.trimEnd())?.[1];
  return name === undefined ? undefined : { name, codings: ["uuencode"], isLoose: true };
}

function readYbegin(line: string): Announced | undefined {
  if (!/ line=\d/.test(line)) return undefined;
  const name = / name=(.*)$/.exec(line)?.[1]?.trim() ?? "";
  return { name, codings: ["yenc"], isPiece: / part=\d/.test(line) };
}
