// Where our result is not the corpus' and why: each is argued in docs/dkim.md. A difference not listed here is a bug.
import type { SignatureRow } from "./dkim-verify.ts";

const shortLength = "l= covers less than the body: ours is policy (RFC 6376 section 8.2)";
const tooManyKeys = "more than five keys are not fetched";
const noReason = 'all four peers say fail; of upstream only "-1" is recorded';

const reasons: Readonly<Record<string, string>> = {
  "exim/4506-2[0]": "no bh=: a missing required tag is a permanent error (RFC 6376 section 6.1.1)",
  "james-jdkim/FAIL_illegalargumentexception[0]": "there is no key, which is found out before anything is hashed",
  "opendkim-filter/verify-revoked[0]": "the key is revoked (RFC 6376 section 6.1.2): no verdict on the mail",
  "opendkim-lib/test100[0]": noReason,
  "opendkim-lib/test103[0]": "all peers say fail; with the clock given it has not expired",
  "opendkim-lib/test137[0]": noReason,
  "opendkim-lib/test137-2[0]": noReason,
  "opendkim-lib/test143[0]": noReason,
  "opendkim-lib/test115[5]": tooManyKeys,
  "opendkim-lib/test115[6]": tooManyKeys,
  "opendkim-lib/test115[7]": tooManyKeys,
  "opendkim-lib/test28[0]": shortLength,
  "opendkim-lib/test29[0]": shortLength,
  "opendkim-lib/test30[0]": shortLength,
  "opendkim-lib/test31[0]": shortLength,
  "stalwart/004[0]": "t= lies five hours after the clock given: ours allows 300 seconds",
};

export function isArgued(row: SignatureRow): boolean {
  return !row.falsePass && Object.hasOwn(reasons, nameOf(row));
}

export function whyDifferent(row: SignatureRow): string {
  return reasons[nameOf(row)] ?? "NOT ARGUED";
}

function nameOf({ source, name, place }: SignatureRow): string {
  return `${source}/${name}[${place}]`;
}
