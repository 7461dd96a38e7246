// Quoted-printable (RFC 2045 section 6.7) piece by piece.

import { hexDigit } from "./octet-text.ts";
import type { PartSink } from "./part-sink.ts";

const CR = 13;
const LF = 10;
const EQUALS = 61;

/** White space behind a soft line break's "=" that is passed over. */
const maxPadding = 1000;

/** Decoded octets go to `sink`; "=" that stands for nothing stays as it is, and `doubt` is called. */
export function createQuotedPrintableDecoder(sink: PartSink, doubt: (detail: string) => void): PartSink {
  /** From a "=" on, as long as it is open what it stands for. */
  let open = "";
  /** Nothing but white space has come behind it. */
  let isBlank = true;

  /** The octet it stands for, "soft" for a line break that goes, "more" for not yet known, "none" for nothing. */
  function meaning(next: number): number | "soft" | "more" | "none" {
    if (isBlank && next === LF) return "soft";
    if (isBlank && (next === CR || next === 32 || next === 9) && open.length < maxPadding) return "more";
    const rest = open.slice(1, 3);
    if (rest === "") return hexDigit(next) < 0 ? "none" : "more";
    const high = rest.length === 1 ? hexDigit(rest.charCodeAt(0)) : -1;
    const low = hexDigit(next);
    return high < 0 || low < 0 ? "none" : high * 16 + low;
  }

  return {
    write(octets) {
      const out = Buffer.allocUnsafe(octets.length + open.length + 1);
      let size = 0;
      for (let i = 0; i < octets.length; i += 1) {
        const octet = octets[i] ?? 0;
        if (open === "") {
          if (octet === EQUALS) open = "=";
          else out[size++] = octet;
          continue;
        }
        const meant = meaning(octet);
        if (meant === "more") {
          open += String.fromCharCode(octet);
          isBlank &&= hexDigit(octet) < 0;
          continue;
        }
        if (meant === "none") {
          doubt("quoted-printable with = that stands for nothing");
          size += out.write(open, size, "latin1");
          // It may be the start of the next one.
          i -= 1;
        } else if (meant !== "soft") out[size++] = meant;
        else if (/[ \t]/.test(open)) doubt("quoted-printable with blanks behind a soft line break");
        open = "";
        isBlank = true;
      }
      if (size > 0) sink.write(out.subarray(0, size));
    },
    end() {
      if (open !== "") sink.write(Buffer.from(open, "latin1"));
      open = "";
      sink.end();
    },
  };
}
