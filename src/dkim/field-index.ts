// A message's header fields by name, counted from the bottom as h= does (RFC 6376 section 5.4.2), with each field
// canonicalized at most once however many signatures take it.
import type { Canonicalization } from "../mail/digest.ts";
import { asBuffer, type HeaderField } from "../mail/header.ts";
import { canonicalizeField, fieldText } from "./canonical-header.ts";

export class FieldIndex {
  readonly fields: readonly HeaderField[];
  readonly #header: Uint8Array | undefined;
  /** The whole header as text: cut from it, a field costs next to nothing. */
  readonly #headerText: string;
  /** Indices in `fields` by name, top to bottom. A Map: names come from mail. */
  readonly #places = new Map<string, number[]>();
  readonly #texts: Readonly<Record<Canonicalization, (string | undefined)[]>> = { simple: [], relaxed: [] };

  /** `header`: where all of `fields` are views on it, as `splitHeader` makes them; it is then read in one piece. */
  constructor(fields: readonly HeaderField[], header?: Uint8Array) {
    this.fields = fields;
    this.#header = header;
    this.#headerText = header === undefined ? "" : asBuffer(header).toString("latin1");
    for (const [index, { name }] of fields.entries()) {
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
   * The octets that names of an h= list stand for: for each name the lowest field not yet taken, nothing where there
   * is none left (RFC 6376 section 5.4). One character per octet; each field with its CRLF.
   */
  signedText(names: readonly string[], canonicalization: Canonicalization): string {
    const left = new Map<string, number>();
    let text = "";
    for (const name of names) {
      const places = this.#places.get(name);
      if (places === undefined) continue;
      const rest = left.get(name) ?? places.length;
      const index = places[rest - 1];
      if (index === undefined) continue;
      left.set(name, rest - 1);
      text += `${this.#text(index, canonicalization)}\r\n`;
    }
    return text;
  }

  /** A field without its final CRLF. */
  fieldText(index: number): string {
    const raw = this.fields[index]?.raw;
    if (raw === undefined) return "";
    if (this.#header === undefined) return fieldText(raw);
    const start = raw.byteOffset - this.#header.byteOffset;
    const end = start + raw.length;
    return this.#headerText.slice(start, this.#headerText.endsWith("\r\n", end) ? end - 2 : end);
  }

  #text(index: number, canonicalization: Canonicalization): string {
    const known = this.#texts[canonicalization][index];
    if (known !== undefined) return known;
    const text = canonicalizeField(this.fieldText(index), canonicalization);
    this.#texts[canonicalization][index] = text;
    return text;
  }
}
