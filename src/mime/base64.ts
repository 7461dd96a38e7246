// Base64 (RFC 2045 section 6.8) piece by piece. What readers take differently is reported: octets outside the alphabet, data behind
// the padding, an end in the middle of a group.
import type { PartSink } from "./part-sink.ts";

const blank = -1;
const padding = -2;
const junk = -3;

const values = new Int8Array(256).fill(junk);
for (const [value, char] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries())
  values[char.charCodeAt(0)] = value;
for (const char of " \t\r\n") values[char.charCodeAt(0)] = blank;
values["=".charCodeAt(0)] = padding;

const CR = 13;
const LF = 10;
/** Of the alphabet of RFC 4648 section 5, which node takes too and mail readers do not. */
const DASH = 45;
const UNDERSCORE = 95;

/** Decoded octets go to `sink`. `doubt` is called for each thing that readers differ over, maybe often. */
export function createBase64Decoder(sink: PartSink, doubt: (detail: string) => void): PartSink {
  /** Of the group under way. */
  let bits = 0;
  let digits = 0;
  let padded = false;
  let atLineStart = true;

  /** Decodes into `out` behind its first `start` octets; how many there are then. */
  function decodeSlowly(octets: Buffer, from: number, to: number, out: Buffer, start: number): number {
    let size = start;
    for (let i = from; i < to; i += 1) {
      const value = values[octets[i] ?? 0] ?? junk;
      if (value >= 0) {
        if (padded) {
          padded = false;
          doubt("base64 that goes on behind its padding");
        }
        bits = (bits << 6) | value;
        digits += 1;
        if (digits === 4) {
          out[size] = bits >> 16;
          out[size + 1] = bits >> 8;
          out[size + 2] = bits;
          size += 3;
          bits = 0;
          digits = 0;
        }
      } else if (value === padding) {
        if (!padded && digits < 2) doubt("base64 with padding where none belongs");
        padded = true;
        size = flushGroup(out, size);
      } else if (value === junk) doubt("base64 with octets outside its alphabet");
    }
    return size;
  }

  /** Writes what a group that is not full holds. */
  function flushGroup(out: Buffer, size: number): number {
    let end = size;
    if (digits >= 2) out[end++] = bits >> (digits === 2 ? 4 : 10);
    if (digits === 3) out[end++] = bits >> 2;
    bits = 0;
    digits = 0;
    return end;
  }

  return {
    write(octets) {
      const out = Buffer.allocUnsafe(Math.ceil(((octets.length + 4) * 3) / 4));
      let size = 0;
      for (let at = 0; at < octets.length; ) {
        const lines = atLineStart && digits === 0 && !padded ? evenLines(octets, at) : undefined;
        const decoded = lines === undefined ? undefined : decodeLines(octets, lines, out, size);
        if (lines !== undefined && decoded !== undefined) {
          size += decoded;
          at = lines.to;
          continue;
        }
        // Those lines again, or up to the end of the line.
        const lineEnd = octets.indexOf(LF, at) + 1;
        const stop = lines?.to ?? (lineEnd === 0 ? octets.length : lineEnd);
        size = decodeSlowly(octets, at, stop, out, size);
        atLineStart = octets[stop - 1] === LF;
        at = stop;
      }
      if (size > 0) sink.write(out.subarray(0, size));
    },
    end() {
      if (digits > 0) {
        doubt("base64 that ends in the middle of a group");
        const out = Buffer.alloc(3);
        const size = flushGroup(out, 0);
        if (size > 0) sink.write(out.subarray(0, size));
      }
      sink.end();
    },
  };
}

interface Lines {
  readonly from: number;
  readonly to: number;
  readonly digits: number;
}

/**
 * Lines of equal length go to node's own decoder, into `out` behind its first `start` octets: how many came out, undefined when they
 * hold anything that it would pass over.
 */
function decodeLines(octets: Buffer, { from, to, digits }: Lines, out: Buffer, start: number): number | undefined {
  const count = out.write(octets.toString("latin1", from, to), start, "base64");
  if (count !== (digits / 4) * 3) return undefined;
  const lines = octets.subarray(from, to);
  return lines.includes(DASH) || lines.includes(UNDERSCORE) ? undefined : count;
}

/** Lines of one length that is a multiple of four, from `from` on; undefined where there are none. */
function evenLines(octets: Buffer, from: number): Lines | undefined {
  // 76 digits are a line's most (RFC 2045 section 6.8); some write longer ones.
  const limit = Math.min(octets.length, from + 1000);
  let length = 0;
  while (from + length < limit && octets[from + length] !== CR) length += 1;
  if (length === 0 || length % 4 !== 0) return undefined;
  let to = from;
  while (octets[to + length] === CR && octets[to + length + 1] === LF) to += length + 2;
  return to === from ? undefined : { from, to, digits: ((to - from) / (length + 2)) * length };
}
