// Where another verifier lets pass what we refuse, or the other way round: the RFC's answer by case, and who differs.
// Versions looked at: mailauth 7.1.0 (strict), Mail::DKIM 1.20230212, dkimpy 1.1.4, OpenDKIM 2.11.

export interface Difference {
  /** What the RFC says, or that it leaves it open and what we chose. */
  readonly rfc: string;
  /** Who gives the opposite answer. */
  readonly peers: readonly string[];
}

const mailauth = "mailauth";
const perl = "Mail::DKIM";
const dkimpy = "dkimpy";
const opendkim = "libopendkim";

export const differences: Readonly<Record<string, Difference>> = {
  // Ours passes.
  "an Ed25519 signature": { rfc: "RFC 8463", peers: [perl] },
  "unknown tags": { rfc: "6376 3.2: unknown tags are ignored, their values too", peers: [dkimpy] },
  "b= in the middle, folded": { rfc: "6376 3.7: all white space around b='s value goes", peers: [dkimpy, opendkim] },
  "i= in quoted-printable": { rfc: "6376 3.5: i= is dkim-quoted-printable", peers: [dkimpy] },
  "q= that lists the known method second": { rfc: "6376 3.5: unknown methods are ignored", peers: [perl, dkimpy] },
  "x= that has just passed": { rfc: "open: we allow 300 seconds of drift", peers: [mailauth, perl, opendkim] },
  "white space in p=": { rfc: "6376 3.6.1: base64 with folding white space", peers: [opendkim] },
  "unknown tags and g= in a record": { rfc: "6376 C.1: g= is gone, unknown tags are ignored", peers: [perl] },
  "h= with the hash": { rfc: "6376 3.6.1: white space around the colons", peers: [perl] },
  "s= with email": { rfc: "6376 3.6.1: s= is a list", peers: [dkimpy] },
  "p= as a bare RSAPublicKey": { rfc: "6376 3.6.1 names RSAPublicKey", peers: [perl, opendkim] },

  // Ours refuses: the signature field.
  "an empty tag": { rfc: "6376 3.2: a tag has a name and =", peers: [perl] },
  "a tag twice": { rfc: "6376 3.2: MUST NOT, the whole list is invalid", peers: [perl, opendkim] },
  "an empty s=": { rfc: "6376 3.5: a selector has at least one label", peers: [dkimpy] },
  "no bh=": { rfc: "6376 3.5: REQUIRED", peers: [perl] },
  "no v=, though sound": { rfc: "6376 3.5: REQUIRED", peers: [perl] },
  "neither v= nor bh=, though sound": { rfc: "6376 3.5: REQUIRED", peers: [perl] },
  "no v= beside q=dns/txt": { rfc: "6376 3.5: REQUIRED", peers: [perl] },
  "d= with a parenthesis": { rfc: "6376 3.5: d= is a domain-name", peers: [perl] },
  "d= of one label": { rfc: "6376 3.5: a domain-name has two labels", peers: [perl, dkimpy, opendkim] },
  "d= an address": { rfc: "6376 3.5: d= is a domain-name", peers: [mailauth, perl, dkimpy, opendkim] },
  "d= with a final dot": { rfc: "6376 3.5: a domain-name has none", peers: [perl, dkimpy, opendkim] },
  "d= too long": { rfc: "1035 2.3.4: at most 253 characters", peers: [mailauth, perl, dkimpy] },
  "s= with a NUL": { rfc: "6376 3.5: s= is made of sub-domains", peers: [perl, dkimpy] },
  "s= with an empty label": { rfc: "6376 3.5: s= is made of sub-domains", peers: [perl, dkimpy, opendkim] },
  "s= and d= too long together": { rfc: "1035 2.3.4: at most 253 characters", peers: [mailauth, perl, dkimpy] },
  "an empty name in h=": { rfc: "6376 3.5: a hdr-name is not empty", peers: [mailauth, perl, dkimpy, opendkim] },
  "h= without From": { rfc: "6376 5.4 and 6.1.1: MUST be signed", peers: [perl, dkimpy] },
  "l= negative": { rfc: "6376 3.5: digits", peers: [perl] },
  "t= no number": { rfc: "6376 3.5: digits", peers: [perl] },
  "t= ahead": { rfc: "6376 3.5: MAY be ignored, we do beyond 300 seconds", peers: [mailauth, perl] },
  "x= passed": { rfc: "6376 3.5: MAY be invalid, ours is", peers: [dkimpy] },

  // Ours refuses: the key.
  "a record of 5 kB": { rfc: "open: our limit is 4096 octets", peers: [mailauth, perl, dkimpy, opendkim] },
  "a record with a tag twice": { rfc: "6376 3.2: MUST NOT, the whole list is invalid", peers: [perl, opendkim] },
  "h= that lacks the hash": { rfc: "6376 6.1.2 step 6: MUST be ignored", peers: [dkimpy] },
  "t=s and a subdomain in i=": { rfc: "6376 3.6.1: i= MUST NOT be a subdomain", peers: [dkimpy] },
  "p= with octets behind the key": { rfc: "5280: one SEQUENCE", peers: [mailauth, perl, dkimpy, opendkim] },

  // It holds, and ours does not let it count.
  "l= above the body's length": { rfc: "6376 3.5: MUST NOT be larger", peers: [mailauth, perl, dkimpy] },
  "rsa-sha1": { rfc: "8301 3.1: MUST NOT be used", peers: [perl, dkimpy, opendkim] },
  "a 512-bit key": { rfc: "8301 3.2: MUST NOT be considered valid", peers: [perl] },
  "a key of more than 4096 bits": { rfc: "8301 3.2: up to 4096", peers: [mailauth, perl, dkimpy, opendkim] },
  "l= of a part of the body": { rfc: "6376 8.2: open, ours is policy", peers: [mailauth, perl, dkimpy, opendkim] },
};
