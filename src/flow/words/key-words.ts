// What testkeys finds out about a published key, in sentences.
import type { KeyFault } from "../../signing/key-check.ts";
import type { Meaning } from "./word.ts";

const publish = "Publish the record that is printed, and nothing else at that name.";

export const keyWords: Readonly<Record<KeyFault, Meaning>> = {
  "private-key-unavailable": [
    "The private key cannot be read.",
    "Let the daemon's user read the file: chgrp signpost FILE; chmod 0640 FILE.",
  ],
  "wildcard-domain": [
    "The key is declared for a pattern of domains, which has no place in the DNS.",
    "Declare each domain on its own.",
  ],
  "dns-trouble": [
    "The DNS did not answer.",
    "Ask again; if it stays, look at the servers of the zone and at dns.servers.",
  ],
  "no-record": ["There is no TXT record at the name of the key.", publish],
  "dangling-alias": [
    "The name is a CNAME of a name without a key record.",
    "Publish the record there, or remove the CNAME.",
  ],
  "several-records": ["Several key records stand at the name.", "Leave one: verifiers may take any of them."],
  "foreign-record": [
    "Another TXT record stands at the same name, mostly by a wildcard.",
    "Move it away: some verifiers take the first record that they get.",
  ],
  "not-a-key-record": ["The TXT record there is no key record.", publish],
  "record-syntax": ["The record cannot be understood.", publish],
  "wrong-version": ["v= of the record is not DKIM1.", publish],
  revoked: ["p= of the record is empty: the key was withdrawn.", "Sign with a key under another selector."],
  "split-wrongly": [
    "One key was spread over several TXT records.",
    "Put it into one record of several strings, as it is printed.",
  ],
  "cut-off": ["A string of the record was cut at 255 octets.", "Split it into strings as it is printed."],
  "wrong-type": ["k= of the record is not the type of the private key.", publish],
  "different-key": [
    "Another public key is published than that of the file.",
    "Publish the record that is printed, or bring the old file back.",
  ],
  "hash-not-allowed": ["h= of the record does not list sha256.", "Remove h= from the record."],
  "service-not-allowed": ["s= of the record is not for mail.", "Remove s= from the record."],
  weak: ["The RSA key has fewer than 2048 bits.", "Make a key of 2048 bits under a new selector."],
  testing: ["The record says t=y: receivers take the domain as only trying DKIM.", "Remove t=y when all is well."],
  "historic-granularity": ["The record has g=, which RFC 6376 removed.", "Remove g= from the record."],
  "subdomains-forbidden": [
    "The record says t=s, and the declaration of the key does not.",
    "Add t: s to the key in dkim_keys.",
  ],
};
