// A message's header fields by name, counted from the bottom as h= does (RFC 6376 section 5.4.2), and the octets that
// a signature covers.
import type { Canonicalization } from "../mail/digest.ts";
import type { HeaderField } from "../mail/header.ts";
import { writeField } from "./canonical-header.ts";

export class FieldIndex {
  readonly fields: readonly HeaderField[];
  /** Indices in `fields` by name, top to bottom. A Map: names come from mail. */
  readonly #places = new Map<string, number[]>();
  /** At least as many as all fields can give. */
  #octets = 0;

  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
    for (const [index, { name, raw }] of fields.entries()) {
      this.#octets += raw.length + 3;
      const places = this.#places.get(name);
      if (places === undefined) this.#places.set(name, [index]);
      else places.push(index);
    }
  }

  /** How many fields of this name (lower case) there are. */
  count(name: string): number {
    return this.#places.get(name)?.length ?? 0;
  }

  /**
   * What is signed: for each name of an h= list the lowest field not yet taken, nothing where there is none left (RFC
   * 6376 section 5.4), each with its CRLF; then the signature's own field without one (section 3.7).
   */
  signedOctets(names: readonly string[], canonicalization: Canonicalization, own: Uint8Array): Buffer {
    const octets = Buffer.allocUnsafe(this.#octets + own.length + 1);
    const left = new Map<string, number>();
    let at = 0;
    for (const name of names) {
      const places = this.#places.get(name);
      if (places === undefined) continue;
      const rest = left.get(name) ?? places.length;
      const field = this.fields[places[rest - 1] ?? -1];
      if (field === undefined) continue;
      left.set(name, rest - 1);
      at = writeField(field.raw, canonicalization, octets, at);
      octets[at] = 13;
      octets[at + 1] = 10;
      at += 2;
    }
    return octets.subarray(0, writeField(own, canonicalization, octets, at));
  }
}
