// Why a mail leaves without a signature or an ARC set of ours, in sentences.
import type { SkipReason } from "../../signing/skip-reason.ts";
import type { Meaning } from "./word.ts";

const oneAuthor = "Let the program that writes such mail put one clear author into one From field.";

export const skipWords: Readonly<Record<SkipReason, Meaning>> = {
  "not-originating": [
    "The mail does not count as ours: neither a policy bank of its way nor mynetworks set originating.",
    "Mail from outside is right so. If it is of a user of yours, send it to the port whose bank sets originating (interface_policy), or put the client into mynetworks.",
  ],
  "signing-disabled": [
    "enable_dkim_signing is off in the policy bank.",
    "Set enable_dkim_signing: true there if this path should sign.",
  ],
  "signature-not-allowed": [
    "allowed_added_header_fields does not allow DKIM-Signature.",
    "Put dkim-signature back into allowed_added_header_fields.",
  ],
  "header-too-large": [
    "The header section has more octets, fields or lines than are looked at, and a signature over a part of it would not hold.",
    "Look at the mail: no ordinary program writes such a header.",
  ],
  "no-field-name": [
    "A line of the header section is no field: some readers end the header there, so nobody can vouch for what follows.",
    "Mend the program that writes this line.",
  ],
  "no-from": ["The mail has no From field, which every signature must cover (RFC 6376 section 5.4).", oneAuthor],
  "two-from-fields": [
    "The mail has several From fields: a signature would vouch for whichever a reader shows.",
    oneAuthor,
  ],
  "two-from-domains": [
    "The From field names authors of several domains: a signature by one would vouch for the others.",
    "Let the program name one author in From and the others in Cc or Reply-To.",
  ],
  "malformed-from": [
    "The From field is not what RFC 5322 allows, or programs read it differently.",
    'Let the program quote display names: "Smith, John" <john@example.com>.',
  ],
  "no-candidate": [
    "No address in From, Resent-From, Resent-Sender, Sender or the envelope sender could sign.",
    "Nothing, if it is a bounce; else let the program write its address into From.",
  ],
  "empty-signing-domain": [
    "An option d: null in dkim_signature_options_bysender_maps says that nobody signs for this sender.",
    "Change that entry if mail of this sender should be signed.",
  ],
  "no-key-for-domain": [
    "No key is configured for the domain of any author or sender.",
    'Make one ("signpost genrsa FILE"), declare it in dkim_keys, publish what "signpost showkeys DOMAIN" prints, then "signpost reload".',
  ],
  "key-restriction": [
    "There is a key, but a tag that is declared with it (h, s, g or k) forbids this signature.",
    "Correct the tags of that key in dkim_keys.",
  ],
  "key-unavailable": [
    "A key that must sign this mail cannot be read, so the mail is put off with 451; it never leaves unsigned.",
    'Let the daemon\'s user read the file (chgrp signpost FILE; chmod 0640 FILE) or put a good key there, then run "signpost reload".',
  ],
  "identity-outside-domain": [
    "An option asks for an i= outside of d=, or below it although the key says t=s.",
    "Correct i in dkim_signature_options_bysender_maps, or drop t: s from the key.",
  ],
  "already-signed": [
    "The mail carries a valid signature of the same domain already.",
    "Nothing: receivers see the signature that is there.",
  ],
};

export const sealSkipWords: Readonly<Record<string, Meaning>> = {
  "no-sealing-key": [
    "Neither mydomain nor the domains above myhostname have a signing key.",
    "Declare a key for mydomain in dkim_keys, or switch arc_seal off.",
  ],
  "chain-unknown": [
    "The ARC chain of the mail could not be judged, so nobody can vouch for it.",
    "Nothing; if it is frequent, look at your DNS.",
  ],
  "chain-failed": [
    "The newest ARC set says cv=fail: no set may follow it.",
    "Nothing: a relay before us broke the chain.",
  ],
  "no-author": ["The mail has no From field to seal.", "Nothing can be done here."],
  "too-many-sets": ["The mail has 50 ARC sets already, the most there may be.", "Look for a mail loop."],
};
