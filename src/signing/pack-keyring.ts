// A keyring as plain data, from the keys as they were read: what keyring.ts then opens, in this process or another.
import { packRows, type Row } from "../lookup/packed-rows.ts";
import { noOptions } from "./key-options.ts";
import { type KeyRow, notByDomain, type PackedKeyring, type SigningKey, storedColumns } from "./keyring.ts";
import { type DerPlace, keyForms, type StoredKey } from "./private-key.ts";
import { recordName } from "./record-text.ts";
import { packSigningTable, type SigningNames } from "./signing-names.ts";

/**
 * @param byDomain in order of declaration
 * @param named keys that only a signing table may choose
 */
export function packKeyring(
  byDomain: readonly SigningKey[],
  named: readonly SigningKey[],
  signingTable: SigningNames | undefined,
): PackedKeyring {
  const places = new Map<StoredKey, number>();
  const stored: StoredKey[] = [];
  const patterns: number[] = [];
  const rows: Row<KeyRow>[] = [];
  const rowOf = new Map<SigningKey, number>();
  let usable = 0;
  const identities = new Float64Array(byDomain.length + named.length);

  function place(key: StoredKey | undefined): number {
    if (key === undefined) return -1;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, stored.length);
    stored.push(key);
    return stored.length - 1;
  }

  function add(signingKey: SigningKey, name: string): void {
    const { number, domain, selector, source, key, pattern } = signingKey;
    const row = rows.length;
    if (signingTable !== undefined) rowOf.set(signingKey, row);
    const value: KeyRow = [number, domain, selector, source, place(key), restOf(signingKey)];
    rows.push([name, value]);
    if (key === undefined) return;
    usable += 1;
    if (pattern === undefined && selector !== "") identities[row] = identityOf(`${recordName(signingKey)} ${source}`);
  }

  for (const key of byDomain) {
    if (key.pattern !== undefined) patterns.push(rows.length);
    add(key, key.pattern === undefined ? key.domain : notByDomain);
  }
  for (const key of named) add(key, notByDomain);

  return {
    keys: packRows(rows),
    patterns,
    usable,
    identities,
    ...packStored(stored),
    ...(signingTable === undefined
      ? {}
      : { signingTable: packSigningTable(signingTable, (key) => rowOf.get(key) ?? -1) }),
  };
}

const nothing: KeyRow[5] = {};

function restOf({ options, pattern, trouble, origin }: SigningKey): KeyRow[5] {
  if (options === noOptions && pattern === undefined && trouble === undefined && origin === undefined) return nothing;
  return {
    ...(options === noOptions ? {} : { options }),
    ...(pattern === undefined ? {} : { pattern: pattern.kind }),
    ...(trouble === undefined ? {} : { trouble }),
    ...(origin === undefined ? {} : { origin }),
  };
}

/** Arrays that many keys share go on as they are; what stands by itself is put together. */
function packStored(keys: readonly StoredKey[]): Pick<PackedKeyring, "der" | "stored"> {
  const stands = ({ array, start, end }: DerPlace) => start === 0 && end === array.length;
  const single = new Uint8Array(keys.reduce((sum, { place }) => (stands(place) ? sum + place.end : sum), 0));
  const der: Uint8Array[] = [single];
  const indices = new Map<Uint8Array, number>([[single, 0]]);
  const stored = new Uint32Array(storedColumns * keys.length);
  let filled = 0;
  for (const [row, { form, bits, place }] of keys.entries()) {
    let { array, start, end } = place;
    if (stands(place)) {
      single.set(array, filled);
      [array, start, end] = [single, filled, filled + end];
      filled = end;
    }
    let at = indices.get(array);
    if (at === undefined) {
      at = der.push(array) - 1;
      indices.set(array, at);
    }
    stored.set([keyForms.indexOf(form), bits, at, start, end], storedColumns * row);
  }
  return { der, stored };
}

/** 53 bits of two hashes (FNV-1a forth and back): two keys of a million have the same by a chance of one in ten thousand. */
function identityOf(text: string): number {
  let forth = 0x811c9dc5;
  let back = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    forth = Math.imul(forth ^ text.charCodeAt(at), 0x01000193);
    back = Math.imul(back ^ text.charCodeAt(text.length - 1 - at), 0x01000193);
  }
  return (forth >>> 0) * 2 ** 21 + (back >>> 11) + 1;
}
