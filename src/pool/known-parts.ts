// What mails were found to hold, kept for equal ones: the copies of a mailing are taken apart once. Nothing else than the mail and
// the limits decides what is found, so it stays true as long as they do.
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { PartsFound } from "../mail/content.ts";
import { asBuffer, type HeaderSplit } from "../mail/header.ts";
import { headerOfWalk } from "../mime/mail-walk.ts";

export interface KnownParts {
  find(key: string): PartsFound | undefined;
  /** Keeps what is small and whole: where something could not be looked at, another time it may be. */
  keep(key: string, found: PartsFound): void;
}

/** Of what is found of one mail, as JSON: a hundred parts. */
const maxTextLength = 16 * 1024;
const maxEntries = 5000;
const maxBytes = 4 * 1024 * 1024;

/** What an entry costs beside its text and its key: the list's links. */
const overheadBytes = 300;
/** Of a part, beside its text, with what is worked out of it. */
const partBytes = 500;

/** Characters of a key that is its own text; longer ones are hashed, which takes as long as all else. */
const maxPlainKey = 500;

/** @param bodyDigest SHA-256 of the body */
export function partsKey(head: HeaderSplit, bodyDigest: Uint8Array): string {
  const digest = asBuffer(bodyDigest).toString("latin1");
  const text = `${digest.length}:${digest}${headerOfWalk(head)}`;
  return text.length <= maxPlainKey ? text : hash("sha256", text, "base64url");
}

export function createKnownParts(): KnownParts {
  const entries = new LRUCache<string, PartsFound>({ max: maxEntries, maxSize: maxBytes });
  return {
    find: (key) => entries.get(key),
    keep(key, found) {
      if (found.unchecked.length > 0 || found.forScanners !== undefined) return;
      const text = JSON.stringify(found);
      if (text.length > maxTextLength) return;
      // Read again: names are pieces of the header that they stood in, and would keep all of it.
      const kept: PartsFound = { ...JSON.parse(text), isKept: true };
      entries.set(key, kept, {
        size: overheadBytes + key.length + 2 * text.length + partBytes * found.parts.length,
      });
    },
  };
}
