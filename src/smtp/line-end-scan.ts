// Finds whether a stretch of a message holds anything but plain lines: a bare CR or LF, a dot at a line's start.
// Node has no native scan for that, and octet by octet it would be the dearest part of receiving a large mail
// (10 MB: 10 ms in JavaScript, 1 ms here). So it is 257 octets of WebAssembly, whose text is in line-end-scan.wat.
import { loadAssembled } from "../mail/assembled.ts";

/** Set in the flags where a CR stands without its LF, or an LF without its CR. */
export const bareLineEndFlag = 1;
/** Set in the flags where a dot follows an LF. */
export const dotLineFlag = 2;

const CR = 13;
const LF = 10;
const DOT = 46;

const code =
  "AGFzbQEAAAABBgFgAX8BfwMCAQAFAwEAAgcRAgZtZW1vcnkCAARzY2FuAAAK0gEBzwECAX8He/0MCgoKCgoKCg" +
  "oKCgoKCgoKCiEG/QwNDQ0NDQ0NDQ0NDQ0NDQ0NIQf9DC4uLi4uLi4uLi4uLi4uLi4hCANAIAH9AAQQIQIgAf0A" +
  "BA8hAyAEIAIgBv0jIAMgB/0j/VH9UCEEIAUgAiAI/SMgAyAG/SP9Tv1QIQUgAf0ABCAhAiAB/QAEHyEDIAQgAi" +
  "AG/SMgAyAH/SP9Uf1QIQQgBSACIAj9IyADIAb9I/1O/VAhBSABQSBqIQEgASAASQ0ACyAE/VMgBf1TQQF0cgs=";

/** Octets looked at in one go: as many as a read from a socket brings, and a multiple of the 32 of one step. */
const sliceBytes = 65_536;
const firstOctet = 16;
const stepOctets = 32;

type Scan = (octets: Buffer, from: number, to: number) => number;

let scan: Scan | undefined;

/**
 * The flags of octets `from` up to `to`. What comes before and after them counts as neither CR nor LF, so a CR at the
 * end whose LF may follow is to be left out.
 */
export function lineEndFlags(octets: Buffer, from: number, to: number): number {
  scan ??= loadScan();
  return scan(octets, from, to);
}

/** The same octet by octet: for processors without the vector instructions, and to compare with. */
export function lineEndFlagsPlain(octets: Uint8Array, from: number, to: number): number {
  let flags = 0;
  let before = 0;
  for (let i = from; i < to; i += 1) {
    const here = octets[i] ?? 0;
    if ((here === LF) !== (before === CR)) flags |= bareLineEndFlag;
    if (here === DOT && before === LF) flags |= dotLineFlag;
    before = here;
  }
  return before === CR ? flags | bareLineEndFlag : flags;
}

function loadScan(): Scan {
  const assembled = loadAssembled(code, "scan");
  if (assembled === undefined) return lineEndFlagsPlain;
  const { memory, run } = assembled;
  return (octets, from, to) => {
    let flags = 0;
    for (let at = from; at < to; at += sliceBytes) {
      const length = Math.min(to - at, sliceBytes);
      memory[firstOctet - 1] = at === from ? 0 : (octets[at - 1] ?? 0);
      octets.copy(memory, firstOctet, at, at + length);
      memory.fill(0, firstOctet + length, firstOctet + length + stepOctets);
      // One more than there are at the end, to judge a CR there by the zero behind it.
      flags |= run(at + length === to ? length + 1 : length);
    }
    return flags;
  };
}
