// Why a DKIM or DomainKeys signature does not pass, in sentences.
import type { Failure } from "../../dkim/failure.ts";
import type { SignatureStanding } from "../../policy/signature-standing.ts";
import type { Meaning } from "./word.ts";

const tellSigner = "Their signer is broken: tell the sender's postmaster. Nothing can be done here.";
const tellZone =
  'Their DNS record is wrong: tell the sender\'s postmaster. For a domain of yours run "signpost testkeys".';
const nothing = "Nothing can be done here: the mail counts as unsigned.";

export const failureWords: Readonly<Record<Failure, Meaning>> = {
  "signature-syntax": ["The signature field is not a list of tags, or b= or bh= is not base64.", tellSigner],
  "duplicate-tag": ["A tag of the signature stands twice, which RFC 6376 section 3.2 forbids.", tellSigner],
  "missing-tag": ["A tag that a signature must have is missing or empty.", tellSigner],
  "unsupported-version": ["v= is not 1: the signature was made by a very old or a very new program.", nothing],
  "unsupported-algorithm": ["a= is none of rsa-sha256, ed25519-sha256 and rsa-sha1.", nothing],
  "unsupported-canonicalization": ["c= names a canonicalization that RFC 6376 does not have.", nothing],
  "unsupported-query-method": ["q= names no way to get the key that RFC 6376 has.", nothing],
  "invalid-domain": [
    "d= is not a domain name.",
    "Such signatures often try to mislead verifiers: look at the mail before you trust it.",
  ],
  "invalid-selector": [
    "s= is not a name that the DNS can hold.",
    "Such signatures often try to mislead verifiers: look at the mail before you trust it.",
  ],
  "invalid-identity": ["i= lies outside of d=.", tellSigner],
  "invalid-field-list": ["h= holds an empty or impossible field name.", tellSigner],
  "from-not-signed": ["h= does not list From, so anybody could change the author.", tellSigner],
  "invalid-body-length": ["l= is not a number.", tellSigner],
  "invalid-timestamp": ["t= or x= is not a number, or x= is not after t=.", tellSigner],
  expired: [
    "The time in x= has passed.",
    "If only this mail shows it, it was long on its way or is replayed. If many do, check the clock of this host (timedatectl).",
  ],
  "signed-in-the-future": [
    "The time in t= is still to come.",
    "Check the clock of this host first (timedatectl); if it is right, the signer's is wrong. dkim_clock_drift says how much is granted.",
  ],
  "key-lookup-failed": [
    "The DNS did not answer the question for the public key.",
    "Check dns.servers, and ask the same name yourself (dig TXT NAME @SERVER). If only this domain fails, its name servers are down; the next mail is judged anew.",
  ],
  "no-key": [
    "There is no TXT record at the name of the key.",
    'They withdrew the key too early or never published it. For a domain of yours publish what "signpost showkeys" prints, then run "signpost testkeys".',
  ],
  "too-many-key-records": ["More than five TXT records stand at the name of the key, often by a wildcard.", tellZone],
  "key-record-too-large": ["The key record has more than 4096 octets.", tellZone],
  "key-record-syntax": ["The TXT record is not a list of tags or has no p=: it was probably pasted wrongly.", tellZone],
  "key-version": ["The record's v= is not DKIM1: another kind of record stands there.", tellZone],
  "key-revoked": [
    "The record's p= is empty: the owner withdrew the key.",
    "That is usual for old mail. New mail signed with it has a signer that uses a retired key: tell the sender's postmaster.",
  ],
  "key-type-mismatch": ["k= of the record is unknown or does not fit a= of the signature.", tellZone],
  "key-hash-not-allowed": ["h= of the record does not list the hash of the signature.", tellZone],
  "key-service-not-allowed": ["s= of the record is not for mail.", tellZone],
  "key-identity-not-allowed": ["The record says t=s (no subdomains), but i= is in a subdomain.", tellZone],
  "key-syntax": ["p= of the record holds no usable key: it was probably cut short in the zone.", tellZone],
  "body-shorter-than-signed": [
    "l= is above the length of the body: the mail was cut on its way.",
    "Ask the sender to send it again.",
  ],
  "body-hash-mismatch": [
    "The body is not the body that was signed: it was changed on its way.",
    "Look for a mailing list, a footer, a virus scanner or a conversion of 8-bit text between signer and here. If a relay of yours does it, verify before that relay.",
  ],
  "signature-mismatch": [
    "A signed header field is not as it was signed, or the key in the DNS is not the signer's.",
    "Look for a relay or list that rewrites Subject, From or To. If all mail of the domain fails, the key was exchanged under the same selector: tell them.",
  ],
  "missing-signature": ["The field has no b=: it was cut on its way.", tellSigner],
  "two-from-fields": [
    "The signature does not hold, and the mail has more From fields than it covers.",
    "That is no valid message (RFC 5322 section 3.6) and mostly a forgery: do not trust its author.",
  ],
  "weak-algorithm": [
    "It holds, but rsa-sha1 counts for nothing any more (RFC 8301 section 3.1).",
    "They should sign with rsa-sha256. dkim_rsa_sha1: accept takes it all the same.",
  ],
  "weak-key": [
    "It holds, but the key has fewer bits than dkim_minimum_key_bits.",
    "They should publish a key of 2048 bits: tell the sender's postmaster.",
  ],
  "key-too-long": [
    "It holds, but the key has more than 4096 bits (RFC 8301 section 3.2).",
    "They should publish a key of 2048 bits.",
  ],
  "body-not-fully-signed": [
    "It holds, but l= leaves a part of the body unsigned: anybody may have added it.",
    "They should not sign with l= (RFC 6376 section 8.2): tell the sender's postmaster.",
  ],
  "too-many-signatures": [
    "The mail has more signatures or keys than are looked at (dkim_max_signatures, dkim_max_keys), so this one was not judged.",
    "Mail with so many is mostly an attack on verifiers. Raise the limits only if mail you want has them.",
  ],
  "header-too-large": [
    "The header section has more than 256 KiB, 1000 fields or 10,000 lines and was not judged.",
    "Look at the mail: no ordinary program writes such a header.",
  ],
  "no-field-name": [
    "A line of the header section is no field. Some readers end the header there and some do not, so no signature counts.",
    "Look at the program that made the mail.",
  ],
  "sender-not-signed": ["DomainKeys: neither one Sender nor one From is signed.", tellSigner],
  "sender-domain-mismatch": ["DomainKeys: the sender's address is not in the domain of d=.", nothing],
  "key-granularity-mismatch": ["DomainKeys: g= of the record is for another local part.", tellZone],
};

/** Why a signature counts for nothing in banks, reputation and lists. */
export const standingWords: Readonly<Record<Exclude<SignatureStanding, "counts">, Meaning>> = {
  "not-pass": ["It did not pass.", "See the reason of the signature."],
  domainkeys: [
    "It is a DomainKeys signature, and dk_counts is off.",
    "Set dk_counts: true if mail of this domain is to be trusted by it.",
  ],
  "short-key": ["Its RSA key is shorter than dkim_minimum_key_bits.", "They should publish a key of 2048 bits."],
  testing: ["The key record says t=y: the domain only tries DKIM.", "Nothing, until the domain drops t=y."],
  "unsigned-instances": [
    "The mail has more fields of a signed name than were signed: somebody may have added one.",
    "Look at the fields that are named; the signer should sign each field once more than it is there.",
  ],
  "weak-algorithm": failureWords["weak-algorithm"],
};
