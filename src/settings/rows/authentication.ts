// Bank settings of DKIM, SPF, DMARC and ARC, and of banks and scores by verified author.
import { defaultSignedHeaderFields } from "../../dkim/signed-fields.ts";
import { banksYield, map, numberYield, signatureOptionsYield } from "../map-shape.ts";
import { duration, integer, number } from "../number-shape.ts";
import { type SettingRows, setting } from "../setting.ts";
import { list, oneOf, optional, toggle } from "../shape.ts";
import { destiny, fieldCounts, lowerCase } from "../text-shape.ts";

export const dkimSettings = {
  enable_dkim_verification: setting(
    toggle,
    false,
    "Signatures are verified: Authentication-Results, banks by author, reputation, and no second signature where a valid one of ours is there.",
    "flow",
  ),
  enable_dkim_signing: setting(toggle, false, "Originating mail is signed.", "signing"),
  enable_domainkeys_verification: setting(
    toggle,
    true,
    "DomainKey-Signature fields (RFC 4870) are judged too, where enable_dkim_verification is on.",
    "flow",
    { sigil: "any" },
  ),
  signed_header_fields: setting(
    fieldCounts,
    defaultSignedHeaderFields,
    "Which header fields are signed: 0 never, 1 every occurrence, 2 every occurrence and one more, so that none can be added. Laid over the defaults name by name; REPLACE: 1 discards them.",
    "signing",
    { sigil: "%" },
  ),
  dkim_signature_options_bysender_maps: setting(
    map(signatureOptionsYield, "author"),
    [],
    "Signature tags by author: d, s, a, c, i, q, x and ttl (x = time received + ttl). Each tag is taken from the most specific match that has it. d: null leaves a candidate out. A list of sets makes several signatures.",
    "signing",
  ),
  dkim_minimum_key_bits: setting(
    integer(512, 16384),
    1024,
    "RSA keys below this are policy (RFC 8301 section 3.2) and load no bank.",
    "flow",
  ),
  dkim_rsa_sha1: setting(
    oneOf("policy", "accept"),
    "policy",
    "What a signature by rsa-sha1 is worth (RFC 8301 section 3.1: nothing).",
    "flow",
    { sigil: "any" },
  ),
  dk_counts: setting(toggle, false, "A DomainKeys pass counts for banks and reputation.", "policy", { sigil: "any" }),
  dkim_clock_drift: setting(duration, 300, "Drift of clocks that t= and x= are granted.", "flow", { sigil: "any" }),
  dkim_max_signatures: setting(integer(1, 50), 10, "Signature fields of a mail that are looked at.", "flow", {
    sigil: "any",
  }),
  dkim_max_keys: setting(integer(1, 50), 5, "Keys that are fetched for one mail.", "flow", { sigil: "any" }),
  author_to_policy_bank_maps: setting(
    map(banksYield, "author"),
    [],
    "Banks by author with a valid signature: the author address, or the address followed by /@signer-domain. 1 stands for AUTHOR_APPROVED.",
    "policy",
  ),
  signer_reputation_maps: setting(
    map(numberYield, "signing domain"),
    [],
    "Score points by the domain of a valid signature; the smallest counts.",
    "policy",
  ),
  reputation_factor: setting(
    number(0, 1),
    0.2,
    "How much of the score the reputation takes: f x reputation + (1 - f) x score.",
    "policy",
  ),
} satisfies SettingRows;

export const authenticationSettings = {
  enable_spf_verification: setting(
    toggle,
    false,
    "SPF (RFC 7208) is evaluated for the client named by XFORWARD.",
    "checks",
    {
      sigil: "any",
    },
  ),
  enable_dmarc_verification: setting(
    toggle,
    false,
    "DMARC. It needs enable_dkim_verification or enable_spf_verification.",
    "checks",
    { sigil: "any" },
  ),
  enable_arc_verification: setting(toggle, false, "The ARC chain (RFC 8617) is verified.", "checks", { sigil: "any" }),
  dmarc_mode: setting(
    oneOf("rfc7489", "rfc9989"),
    "rfc9989",
    "How the organizational domain is found: by the public suffix list (RFC 7489) or by walking the tree (RFC 9989). Both are computed, this one is acted on.",
    "checks",
    { sigil: "any" },
  ),
  final_dmarc_destiny: setting(
    destiny,
    "D_PASS",
    "What becomes of mail that fails DMARC where the domain's own policy asks for rejection.",
    "policy",
    { sigil: "any" },
  ),
  arc_trusted_sealers: setting(
    list(lowerCase, 'a list of domains; ".example.com" with those below'),
    [],
    "Sealers whose ARC chain is believed: their mail is not refused for DMARC.",
    "checks",
    { sigil: "any" },
  ),
  arc_seal: setting(toggle, false, "Mail that is handed on gets an ARC set of ours.", "checks", { sigil: "any" }),
  survival: setting(
    optional(oneOf("off", "check", "fix")),
    null,
    "What MTAs behind us would change in a mail, and break its signatures by: 8-bit parts, lines of more than 998 octets. fix: mail that we sign is written so that nothing has to be changed. check: the log and why say what would break, and where.",
    "flow",
    {
      otherwise: "fix for originating mail where smtpd_discard_ehlo_keywords hides 8BITMIME, else off",
      sigil: "any",
    },
  ),
} satisfies SettingRows;
