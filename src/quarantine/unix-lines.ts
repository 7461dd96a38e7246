// Line ends of files in quarantine: LF, as amavisd writes them and as grep and mail readers want them. What came over SMTP
// has no LF without its CR, so a release finds every octet again.
import { asBuffer } from "../mail/header.ts";

const cr = 13;
const lf = 10;

/** Without the CR of each CRLF. What is given out is memory of its own. */
export async function* unixLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let heldCr = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const octets = asBuffer(chunk);
    const out = Buffer.allocUnsafe(octets.length + 1);
    let at = 0;
    if (heldCr && octets[0] !== lf) {
      out[at] = cr;
      at += 1;
    }
    heldCr = octets[octets.length - 1] === cr;
    const end = heldCr ? octets.length - 1 : octets.length;
    let from = 0;
    for (let found = octets.indexOf("\r\n"); found !== -1; found = octets.indexOf("\r\n", from)) {
      at += octets.copy(out, at, from, found);
      from = found + 1;
    }
    at += octets.copy(out, at, from, end);
    if (at > 0) yield out.subarray(0, at);
  }
  if (heldCr) yield Buffer.from("\r");
}

/** With a CR before each LF. What is given out is memory of its own. */
export function withCrlf(chunk: Uint8Array): Buffer {
  const octets = asBuffer(chunk);
  let lines = 0;
  for (let found = octets.indexOf(lf); found !== -1; found = octets.indexOf(lf, found + 1)) lines += 1;
  const out = Buffer.allocUnsafe(octets.length + lines);
  let at = 0;
  let from = 0;
  for (let found = octets.indexOf(lf); found !== -1; found = octets.indexOf(lf, from)) {
    at += octets.copy(out, at, from, found);
    out[at] = cr;
    out[at + 1] = lf;
    at += 2;
    from = found + 1;
  }
  at += octets.copy(out, at, from);
  return out.subarray(0, at);
}
