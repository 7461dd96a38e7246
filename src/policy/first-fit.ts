// Which pattern of a table of banned names a text fits first. Most texts come with most mails: declared types, types by content.
import { LRUCache } from "lru-cache";
import { ownCopy } from "../mail/own-copy.ts";
import type { BannedTable } from "./banned-table.ts";

/** Texts that are remembered for a table, and the characters of one. */
const maxKept = 200;
const maxKeptCharacters = 64;

const keptOf = new WeakMap<BannedTable, LRUCache<string, number>>();

/** For texts the index of the first pattern that fits; the number of patterns where none does. */
export function createFirstFit(table: BannedTable): (text: string) => number {
  const { patterns } = table;
  let kept = keptOf.get(table);
  if (kept === undefined) {
    kept = new LRUCache({ max: maxKept });
    keptOf.set(table, kept);
  }
  const known = kept;

  function look(text: string): number {
    const index = patterns.findIndex((pattern) => pattern.test(text));
    return index < 0 ? patterns.length : index;
  }

  return (text) => {
    if (text.length > maxKeptCharacters) return look(text);
    const before = known.get(text);
    if (before !== undefined) return before;
    const index = look(text);
    // A name is a piece of the header that it stood in.
    known.set(ownCopy(text), index);
    return index;
  };
}
