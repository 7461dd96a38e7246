// Organizational domains by the public suffix list (RFC 7489 section 3.2). The tree walk of RFC 9989 needs no list
// and stands in `dmarc-walk.ts`.
import { createRequire } from "node:module";

// Loaded with the first name: the list is large, and many configurations never ask.
let list: typeof import("tldts") | undefined;
const require = createRequire(import.meta.url);

/** The list's own part and the private one: names below "github.io" belong to different people as well. */
const options = { allowPrivateDomains: true, validateHostname: false, detectIp: false, extractHostname: false };

/** The public suffix and one label more; undefined for a public suffix itself. Names are A-labels in lower case. */
export function registrableDomain(name: string): string | undefined {
  // An empty first label is no name; the list would pass over it.
  if (name.startsWith(".")) return undefined;
  list ??= require("tldts") as typeof import("tldts");
  return list.getDomain(name, options) ?? undefined;
}

/** The organizational domain; a public suffix is its own. */
export function organizationalDomain(name: string): string {
  return registrableDomain(name) ?? name;
}
