// A message's header fields by name, counted from the bottom as h= does (RFC 6376 section 5.4.2), and the octets that
// a signature covers.
import type { Canonicalization } from "../mail/digest.ts";
import type { HeaderField } from "../mail/header.ts";
import { writeField } from "./canonical-header.ts";

/** The fields of one name. */
interface Places {
  count: number;
  /** Index of the lowest. */
  lowest: number;
  /** The lowest not yet taken by the reading that took one last, or -1. */
  left: number;
  reading: number;
}

export class FieldIndex {
  readonly fields: readonly HeaderField[];
  /** A Map: names come from mail. */
  readonly #places = new Map<string, Places>();
  /** For each field the next one above it of the same name, or -1. */
  readonly #above: number[] = [];
  /** At least as many as all fields can give. */
  #octets = 0;
  #readings = 0;

  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
    let index = 0;
    for (const { name, raw } of fields) {
      this.#octets += raw.length + 3;
      const places = this.#places.get(name);
      this.#above.push(places === undefined ? -1 : places.lowest);
      if (places === undefined) this.#places.set(name, { count: 1, lowest: index, left: -1, reading: 0 });
      else {
        places.count += 1;
        places.lowest = index;
      }
      index += 1;
    }
  }

  /** How many fields of this name (lower case) there are. */
  count(name: string): number {
    return this.#places.get(name)?.count ?? 0;
  }

  /**
   * What is signed: for each name of an h= list the lowest field not yet taken, nothing where there is none left (RFC
   * 6376 section 5.4), each with its CRLF; then the signature's own field without one (section 3.7).
   */
  signedOctets(names: readonly string[], canonicalization: Canonicalization, own: Uint8Array): Buffer {
    const octets = Buffer.allocUnsafe(this.#octets + own.length + 1);
    this.#readings += 1;
    let at = 0;
    for (const name of names) {
      const field = this.#take(name);
      if (field === undefined) continue;
      at = writeField(field.raw, canonicalization, octets, at);
      octets[at] = 13;
      octets[at + 1] = 10;
      at += 2;
    }
    return octets.subarray(0, writeField(own, canonicalization, octets, at));
  }

  /** The lowest field of this name that the present reading has not taken yet. */
  #take(name: string): HeaderField | undefined {
    const places = this.#places.get(name);
    if (places === undefined) return undefined;
    const place = places.reading === this.#readings ? places.left : places.lowest;
    if (place === -1) return undefined;
    places.reading = this.#readings;
    places.left = this.#above[place] ?? -1;
    return this.fields[place];
  }
}
