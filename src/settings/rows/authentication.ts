// Bank settings of DKIM, SPF, DMARC and ARC, and of banks and scores by verified author.
import { defaultSignedHeaderFields } from "../../dkim/signed-fields.ts";
import { banksYield, map, numberYield, signatureOptionsYield } from "../map-shape.ts";
import { active, type SettingRows } from "../setting.ts";
import { destiny, duration, fieldCounts, integer, list, lowerCase, number, oneOf, toggle } from "../shape.ts";

export const dkimSettings = {
  enable_dkim_verification: active(
    toggle,
    false,
    "Signatures are verified: Authentication-Results, banks by author, reputation, and no second signature where a valid one of ours is there.",
  ),
  enable_dkim_signing: active(toggle, false, "Originating mail is signed."),
  enable_domainkeys_verification: active(
    toggle,
    true,
    "DomainKey-Signature fields (RFC 4870) are judged too, where enable_dkim_verification is on.",
  ),
  signed_header_fields: active(
    fieldCounts,
    defaultSignedHeaderFields,
    "Which header fields are signed: 0 never, 1 every occurrence, 2 every occurrence and one more, so that none can be added. Laid over the defaults name by name; REPLACE: 1 discards them.",
  ),
  dkim_signature_options_bysender_maps: active(
    map(signatureOptionsYield, "author"),
    [],
    "Signature tags by author: d, s, a, c, i, q, x and ttl (x = time received + ttl). Each tag is taken from the most specific match that has it. d: null leaves a candidate out. A list of sets makes several signatures.",
  ),
  dkim_minimum_key_bits: active(
    integer(512, 16384),
    1024,
    "RSA keys below this are policy (RFC 8301 section 3.2) and load no bank.",
  ),
  dkim_rsa_sha1: active(
    oneOf("policy", "accept"),
    "policy",
    "What a signature by rsa-sha1 is worth (RFC 8301 section 3.1: nothing).",
  ),
  dk_counts: active(toggle, false, "A DomainKeys pass counts for banks and reputation."),
  dkim_clock_drift: active(duration, 300, "Drift of clocks that t= and x= are granted."),
  dkim_max_signatures: active(integer(1, 50), 10, "Signature fields of a mail that are looked at."),
  dkim_max_keys: active(integer(1, 50), 5, "Keys that are fetched for one mail."),
  author_to_policy_bank_maps: active(
    map(banksYield, "author"),
    [],
    "Banks by author with a valid signature: the author address, or the address followed by /@signer-domain. 1 stands for AUTHOR_APPROVED.",
  ),
  signer_reputation_maps: active(
    map(numberYield, "signing domain"),
    [],
    "Score points by the domain of a valid signature; the smallest counts.",
  ),
  reputation_factor: active(
    number(0, 1),
    0.2,
    "How much of the score the reputation takes: f x reputation + (1 - f) x score.",
  ),
} satisfies SettingRows;

export const authenticationSettings = {
  enable_spf_verification: active(toggle, false, "SPF (RFC 7208) of the client that XFORWARD tells."),
  enable_dmarc_verification: active(
    toggle,
    false,
    "DMARC. It needs enable_dkim_verification or enable_spf_verification.",
  ),
  enable_arc_verification: active(toggle, false, "The ARC chain (RFC 8617) is verified."),
  dmarc_mode: active(
    oneOf("rfc7489", "rfc9989"),
    "rfc9989",
    "How the organizational domain is found: by the public suffix list (RFC 7489) or by walking the tree (RFC 9989). Both are computed, this one is acted on.",
  ),
  final_dmarc_destiny: active(
    destiny,
    "D_PASS",
    "What becomes of mail that fails DMARC where the domain's own policy asks for rejection.",
  ),
  arc_trusted_sealers: active(
    list(lowerCase, 'a list of domains; ".example.com" with those below'),
    [],
    "Sealers whose ARC chain is believed: their mail is not refused for DMARC.",
  ),
  arc_seal: active(toggle, false, "Mail that is handed on gets an ARC set of ours."),
} satisfies SettingRows;
