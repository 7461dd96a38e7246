// The relaxed body canonicalization of a stretch of text (RFC 6376 section 3.4.4): a run of blanks becomes one space,
// those at a line's end go. Octet by octet in JavaScript it costs several times what hashing costs (10 MB: 5 ms where
// nothing is to be done, 40 ms where something is; here 3 ms), so it is 383 octets of WebAssembly, whose text is in
// relaxed-text.wat.
import { loadAssembled } from "../mail/assembled.ts";
import { asBuffer } from "../mail/header.ts";

/** As much text as fits into the module's memory. */
export const maxTextOctets = 65_536;

const SPACE = 32;
const TAB = 9;
const CR = 13;
const LF = 10;

const code =
  "AGFzbQEAAAABBgFgAX8BfwMCAQAFAwEAAwcUAgZtZW1vcnkCAAdzcXVlZXplAAAKzQIBygICBH8CewNAAkAgAUEQaiAASw0AIAH9AAQQIgX9DAkJCQ" +
  "kJCQkJCQkJCQkJCQn9IyAB/QAED/0MICAgICAgICAgICAgICAgIP0jIAX9DCAgICAgICAgICAgICAgICD9IyAF/QwNDQ0NDQ0NDQ0NDQ0NDQ0N/SP9" +
  "UP1O/VAhBiACIAX9CwSggAQgBv1TBEAgBv1kaCEEIAEgBGohASACIARqIQIFIAFBEGohASACQRBqIQIMAgsLA0AgASAATwRAIAIPCyABLQAQIQMgAU" +
  "EBaiEBIANBIEYgA0EJRnIEQCACLQCfgARBIEcEQCACQSA6AKCABCACQQFqIQILDAELIAIgAzoAoIAEIAJBAWohAiADQQ1GDQAgA0EKRw0BIAItAJ6A" +
  "BEENRw0BIAItAJ2ABEEgRw0BIAJBjRQ7AZ2ABCACQQFrIQIMAQsLAAs=";

const textAt = 16;
const squeezedAt = 65_568;

type Squeeze = (text: Uint8Array) => Uint8Array;

let squeeze: Squeeze | undefined;

/**
 * Canonicalizes at most `maxTextOctets` of text that starts and ends with content, or ends with the CRLF of a line that
 * does. The octets that come back are valid until the next call.
 */
export function squeezeBlanks(text: Uint8Array): Uint8Array {
  squeeze ??= loadSqueeze();
  return squeeze(text);
}

function loadSqueeze(): Squeeze {
  const assembled = loadAssembled(code, "squeeze");
  if (assembled === undefined) return squeezeBlanksPlain;
  const { memory, run } = assembled;
  return (text) => {
    asBuffer(text).copy(memory, textAt);
    return memory.subarray(squeezedAt, squeezedAt + run(text.length));
  };
}

/**
 * The same for processors without the vector instructions, and to compare with. Each octet is written, then the place to
 * write goes back over a blank that another follows: tables and no branches, which real text would make the processor
 * mispredict at every word.
 */
export function squeezeBlanksPlain(text: Uint8Array): Uint8Array {
  const end = text.length;
  const out = new Uint8Array(end);
  let length = 0;
  let blankBefore = 0;
  for (let at = 0; at < end; at += 1) {
    const octet = text[at] ?? 0;
    const blank = isBlank[octet] ?? 0;
    length -= blank & blankBefore;
    out[length] = asSpace[octet] ?? 0;
    length += 1;
    blankBefore = blank;
    // Blanks at a line's end go; a CR alone is content.
    if (octet === LF && length >= 3 && out[length - 2] === CR && out[length - 3] === SPACE) {
      out[length - 3] = CR;
      out[length - 2] = LF;
      length -= 1;
    }
  }
  return out.subarray(0, length);
}

const isBlank = table((octet) => (octet === SPACE || octet === TAB ? 1 : 0));
const asSpace = table((octet) => (octet === TAB ? SPACE : octet));

function table(entry: (octet: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => entry(octet));
}
