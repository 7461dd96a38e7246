// What the published record of a key says beside p= (RFC 6376 section 3.6.1), as declared with the key. The options
// restrict what the key signs: a signature that its own record forbids would only fail at the verifier.
import { matchesGlob } from "./glob.ts";
import type { KeyType } from "./private-key.ts";

/** Tags in the order in which a record shows them; each as it stands in the record, lists with ":". */
export interface KeyOptions {
  readonly v?: string;
  readonly g?: string;
  readonly h?: string;
  readonly k?: string;
  readonly s?: string;
  readonly t?: string;
  readonly n?: string;
}

/** Of a key that was declared without any: folders and tables have hundred thousands of them. */
export const noOptions: KeyOptions = {};

export const keyOptionNames = ["v", "g", "h", "k", "s", "t", "n"] as const;

/** Which option stands against a signature by `localPart`, or undefined when none does. */
export function restriction(options: KeyOptions, type: KeyType, localPart: string): string | undefined {
  if (options.k !== undefined && options.k.toLowerCase() !== type) return `k=${options.k}`;
  if (options.h !== undefined && !hasItem(options.h, "sha256")) return `h=${options.h}`;
  if (options.s !== undefined && !hasItem(options.s, "*") && !hasItem(options.s, "email")) return `s=${options.s}`;
  // RFC 4871 section 3.6.1: an empty g= matches no address.
  if (options.g !== undefined && !matchesGlob(options.g, localPart)) return `g=${options.g}`;
  return undefined;
}

/** t=s: i= may not be in a subdomain of d= (RFC 6376 section 3.6.1). */
export function forbidsSubdomains(options: KeyOptions): boolean {
  return options.t !== undefined && hasItem(options.t, "s");
}

function hasItem(list: string, item: string): boolean {
  return list.split(":").some((each) => each.trim().toLowerCase() === item);
}
