// Where mail with bad contents goes for a recipient of ours: an address with an extension, so that a mail store files it
// (amavisd: addr_extension_*_maps).

import type { LookupMap } from "../../lookup/table.ts";
import { splitAddress } from "../../mail/address.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { categoryValue } from "../../policy/category-maps.ts";
import type { Category, ContentFound } from "../../policy/decision.ts";

const maps: { readonly [Name in Category]?: (bank: PolicyBank) => LookupMap<string> } = {
  CC_VIRUS: (bank) => bank.addr_extension_virus_maps,
  CC_BANNED: (bank) => bank.addr_extension_banned_maps,
  CC_SPAM: (bank) => bank.addr_extension_spam_maps,
  CC_SPAMMY: (bank) => bank.addr_extension_spam_maps,
  CC_BADH: (bank) => bank.addr_extension_bad_header_maps,
};

/** RFC 5321 section 4.5.3.1.1. */
const maxLocalPartOctets = 64;

/** The address to deliver to; undefined where it is the recipient's own. The first category that has a map decides. */
export function extendedAddress(bank: PolicyBank, { all }: ContentFound, recipient: string): string | undefined {
  const { recipient_delimiter: delimiter } = bank;
  if (delimiter === null || delimiter === "") return undefined;
  for (const contents of all) {
    const own = categoryValue(bank.addr_extension_maps_by_ccat, contents, recipient);
    const map = maps[contents.category];
    if (own === "unset" && map === undefined) continue;
    const extension = own === "unset" ? map?.(bank).first(recipient)?.value : own;
    return extension === undefined || extension === ""
      ? undefined
      : withExtension(bank, recipient, delimiter, extension);
  }
  return undefined;
}

function withExtension(bank: PolicyBank, recipient: string, delimiter: string, extension: string): string | undefined {
  const { localPart, domain } = splitAddress(recipient);
  // A quoted local part would need quoting anew, and what is no atom cannot be put behind one.
  if (
    domain === undefined ||
    recipient.startsWith('"') ||
    !/^[\x21\x23-\x27\x2a\x2b\x2d-\x39\x3d\x3f\x41-\x5a\x5e-\x7e]+$/.test(extension)
  ) {
    return undefined;
  }
  const at = bank.replace_existing_extension ? localPart.indexOf(delimiter, 1) : -1;
  const user = at === -1 ? localPart : localPart.slice(0, at);
  const extended = `${user}${delimiter}${extension}`;
  return extended.length > maxLocalPartOctets || extended === localPart
    ? undefined
    : `${extended}@${recipient.slice(recipient.lastIndexOf("@") + 1)}`;
}
