// A keyring as plain data, from the keys as they were read: what keyring.ts then opens, in this process or another.
import { packRows, type Row } from "../lookup/packed-rows.ts";
import { noOptions } from "./key-options.ts";
import { type KeyRow, notByDomain, type PackedKeyring, type SigningKey } from "./keyring.ts";
import { keyForms, type StoredKey } from "./private-key.ts";
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
  let derLength = 0;
  const identities = new Float64Array(byDomain.length + named.length);

  function place(key: StoredKey | undefined): number {
    if (key === undefined) return -1;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, stored.length);
    stored.push(key);
    derLength += key.der.length;
    return stored.length - 1;
  }

  function add(signingKey: SigningKey, name: string): void {
    const { number, domain, selector, source, options, key, pattern, trouble, origin } = signingKey;
    const row = rows.length;
    rowOf.set(signingKey, row);
    const value: KeyRow = [
      number,
      domain,
      selector,
      source,
      place(key),
      {
        ...(options === noOptions ? {} : { options }),
        ...(pattern === undefined ? {} : { pattern: pattern.kind }),
        ...(trouble === undefined ? {} : { trouble }),
        ...(origin === undefined ? {} : { origin }),
      },
    ];
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

  const der = new Uint8Array(derLength);
  const columns = new Uint32Array(4 * stored.length);
  let start = 0;
  for (const [index, key] of stored.entries()) {
    der.set(key.der, start);
    columns.set([keyForms.indexOf(key.form), key.bits, start, start + key.der.length], 4 * index);
    start += key.der.length;
  }
  return {
    keys: packRows(rows),
    patterns,
    usable,
    identities,
    der,
    stored: columns,
    ...(signingTable === undefined
      ? {}
      : { signingTable: packSigningTable(signingTable, (key) => rowOf.get(key) ?? -1) }),
  };
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
