// What S/MIME puts around a mail (RFC 5652), as far as it takes to know what it is and to read what is only signed: mail programs
// show that as the mail it holds, and signed files go about in it as well.
import type { PartSink } from "./part-sink.ts";

/** "signed": its content stands in it as it is. "detached": for sure the signature of something else. "unclear": signed, and not read. */
export type CmsKind = "signed" | "detached" | "unclear" | "encrypted" | "compressed";

interface Element {
  readonly tag: number;
  /** Where its content begins, and how long that is; undefined: up to an end mark of its own. */
  readonly at: number;
  readonly length: number | undefined;
}

/** Octets of tag and length, at most. */
const maxHeaderBytes = 6;
const [sequence, set, integer, identifier, explicit, octets, octetsInPieces] = [
  0x30, 0x31, 0x02, 0x06, 0xa0, 0x04, 0x24,
] as const;

/** By the identifier that is the first thing in it, in hexadecimal. */
const kinds = new Map<string, CmsKind>([
  ["2a864886f70d010702", "signed"],
  ["2a864886f70d010703", "encrypted"],
  ["2a864886f70d010706", "encrypted"],
  // With a check of its own (RFC 5083), and compressed (RFC 3274).
  ["2a864886f70d0109100117", "encrypted"],
  ["2a864886f70d0109100109", "compressed"],
]);

/** `head`: the first octets of a part. Undefined for what is no such object. */
export function cmsKind(head: Buffer): CmsKind | undefined {
  if (head[0] !== sequence) return undefined;
  const outer = readElement(head, 0);
  const type = outer === undefined ? undefined : readElement(head, outer.at);
  if (type?.tag !== identifier || type.length === undefined) return undefined;
  const kind = kinds.get(head.toString("hex", type.at, type.at + type.length));
  if (kind !== "signed") return kind;
  const content = contentAt(head);
  return typeof content === "number" ? "signed" : (content ?? "unclear");
}

/** Reads a signed object from its first octet on, the head in the first piece; the content goes to `content`. */
export function createSignedReader(content: PartSink, onDoubt: () => void): PartSink {
  let carry: Buffer | undefined;
  /** Octets of the present piece of content that are still to come; undefined: its header is. */
  let left: number | undefined;
  let isOver = false;

  function readPieces(buffer: Buffer): Buffer {
    for (let at = 0; ; ) {
      if (left === undefined) {
        const piece = readElement(buffer, at);
        if (piece === undefined) return buffer.subarray(at);
        if (piece.tag !== octets && piece.tag !== octetsInPieces) {
          isOver = true;
          return noOctets;
        }
        at = piece.at;
        if (piece.tag === octets) left = piece.length ?? 0;
        continue;
      }
      const end = Math.min(buffer.length, at + left);
      if (end > at) content.write(buffer.subarray(at, end));
      left -= end - at;
      if (left > 0) return noOctets;
      left = undefined;
      at = end;
    }
  }

  return {
    write(piece) {
      if (isOver || piece.length === 0) return;
      if (carry === undefined) {
        const start = contentAt(piece);
        isOver = typeof start !== "number";
        carry = typeof start !== "number" ? noOctets : readPieces(piece.subarray(start));
      } else carry = readPieces(carry.length === 0 ? piece : Buffer.concat([carry, piece]));
      carry = Buffer.from(carry);
    },
    end() {
      if (!isOver && left !== undefined) onDoubt();
      content.end();
    },
  };
}

const noOctets = Buffer.alloc(0);

/**
 * Where the content of a signed object begins, as an octet string in one piece or several (RFC 5652 section 5.1). Undefined for
 * what is written in a way that is not read here, though others may.
 */
function contentAt(head: Buffer): number | "detached" | undefined {
  let at = 0;
  /** Past what is passed over, into what is entered. */
  const steps: readonly (readonly [number, "into" | "over"])[] = [
    [sequence, "into"],
    [identifier, "over"],
    [explicit, "into"],
    [sequence, "into"],
    [integer, "over"],
    [set, "over"],
    [sequence, "into"],
  ];
  let encapsulated: Element | undefined;
  for (const [tag, how] of steps) {
    const element = readElement(head, at);
    if (element?.tag !== tag || (how === "over" && element.length === undefined)) return undefined;
    at = how === "into" ? element.at : element.at + (element.length ?? 0);
    encapsulated = element;
  }
  const type = readElement(head, at);
  if (encapsulated === undefined || type?.tag !== identifier || type.length === undefined) return undefined;
  at = type.at + type.length;
  const { at: start, length } = encapsulated;
  if (length !== undefined && at >= start + length) return at === start + length ? "detached" : undefined;
  const wrapper = readElement(head, at);
  if (length === undefined && wrapper?.tag === 0 && wrapper.length === 0) return "detached";
  const content = wrapper?.tag === explicit ? readElement(head, wrapper.at) : undefined;
  return content?.tag === octets || content?.tag === octetsInPieces ? wrapper?.at : undefined;
}

/** Undefined where not all of tag and length is there, or the length is beyond reason. */
function readElement(buffer: Buffer, at: number): Element | undefined {
  const [tag, first] = [buffer[at], buffer[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, at: at + 2, length: first };
  if (first === 0x80) return { tag, at: at + 2, length: undefined };
  const count = first & 0x7f;
  if (count > maxHeaderBytes - 2 || at + 2 + count > buffer.length) return undefined;
  return { tag, at: at + 2 + count, length: buffer.readUIntBE(at + 2, count) };
}
