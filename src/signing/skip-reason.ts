// Why a mail leaves without a signature of ours: a closed list, the same words in the log, as a metric label and as
// a heading in docs/keys.md.

/** Every reason, with amavisd's way to say it where it has one. */
export const skipReasons = {
  "not-originating": "not signing mail which is not originating from our site",
  "signing-disabled": "signing is disabled",
  "signature-not-allowed": "allowed_added_header_fields does not allow DKIM-Signature",
  "header-too-large": "the header section is larger than what is looked at",
  "no-field-name": "a line of the header section is no field: some readers end it there",
  "no-from": "the message has no From field",
  "two-from-fields": "the message has several From fields",
  "two-from-domains": "the From field names authors in several domains",
  "malformed-from": "the From field is not understood",
  "no-candidate": "no address in From, Resent-From, Resent-Sender, Sender or envelope sender",
  "empty-signing-domain": "empty signing domain",
  "no-key-for-domain": "no applicable private key",
  "key-restriction": "the options of the key forbid this signature",
  "key-unavailable": "the private key is not available",
  "identity-outside-domain": "i= is not within d=",
  "already-signed": "already signed by domain",
} as const;

export type SkipReason = keyof typeof skipReasons;

/** Our own trouble: the mail gets a 451 and is tried again; it never leaves unsigned. */
export function isTemporary(reason: SkipReason): boolean {
  return reason === "key-unavailable";
}
