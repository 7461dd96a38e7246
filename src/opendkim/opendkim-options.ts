// Every option of opendkim.conf(5) that does not become a setting, and what is said of it. What becomes one is in
// opendkim-conf.ts; docs/opendkim.md has all of them.

export interface Untaken {
  /**
   * "note": nothing is lost. "warning": something is not done. "error": mail would be treated differently, unless the value is one of
   * `harmless`.
   */
  readonly severity: "note" | "warning" | "error";
  readonly why: string;
  /** Values, in lower case, that ask for nothing. */
  readonly harmless?: readonly string[];
}

interface UntakenGroup extends Untaken {
  readonly names: string;
}

const no = ["no", "n", "false", "f", "0"];

const groups: readonly UntakenGroup[] = [
  {
    severity: "note",
    why: "OpenDKIM's own process; the service manager restarts signpost, and the console has its figures",
    names:
      "AutoRestart AutoRestartCount AutoRestartRate Background CaptureUnknownErrors DisableCryptoInit EnableCoredumps MilterDebug " +
      "SoftStart KeepTemporaryFiles TemporaryDirectory Statistics StatisticsName StatisticsPrefix QueryCache DNSConnect MTACommand",
  },
  {
    severity: "note",
    why: "signpost does so at all times",
    names: "AlwaysAddARHeader FixCRLF RequireSafeKeys DomainKeysCompat NoHeaderB",
  },
  {
    severity: "note",
    why: "nothing is logged of hosts that send unsigned mail from our domains",
    names: "ExternalIgnoreList",
  },
  { severity: "note", why: "results and reasons are in every log line", names: "LogResults SyslogSuccess" },
  {
    severity: "warning",
    why: "no report is sent on failed signatures",
    names: "ReportAddress ReportBccAddress RequestReports SendReports SMTPURI",
  },
  {
    severity: "warning",
    why: "signatures have no l=, z= or r= tag",
    names: "BodyLengthDB BodyLengths MaximumSignedBytes Diagnostics DiagnosticDirectory",
  },
  {
    severity: "warning",
    why: "DNSSEC is the resolver's work; a resolver on this machine is best",
    names:
      "TrustAnchorFile UnboundConfigFile ResolverConfiguration ResolverTracing BogusKey BogusPolicy UnprotectedKey UnprotectedPolicy",
  },
  {
    severity: "warning",
    why: "signpost does not change its root folder; the service manager can confine it",
    names: "ChangeRootDirectory",
  },
  {
    severity: "warning",
    why: "header fields for one mail or another are not looked at; the header check (final_bad_header_destiny) finds what is broken",
    names: "StrictHeaders RequiredHeaders WeakSyntaxChecks IgnoreMalformedMail MaximumHeaders StrictTestMode",
    harmless: no,
  },
  {
    severity: "warning",
    why: "Authentication-Results that claim our name are removed, others and old signatures stay",
    names: "KeepAuthResults RemoveARAll RemoveARFrom RemoveOldSignatures AuthservIDWithJobID SoftwareHeader",
    harmless: no,
  },
  {
    severity: "warning",
    why: "which signatures count is said by dkim_minimum_key_bits, and by RFC 6376 and RFC 8301",
    names: "Minimum MustBeSigned TrustSignaturesFrom ExemptDomains",
  },
  {
    severity: "warning",
    why: "who signs is chosen by From, Resent-From, Sender and the envelope (docs/keys.md)",
    names: "SenderHeaders SenderMacro IdentityHeader IdentityHeaderRemove SelectCanonicalizationHeader",
  },
  {
    severity: "warning",
    why: "mail is never vouched for by VBR, ADSP, ATPS or a reputation service",
    names:
      "ADSPAction ADSPNoSuchDomain ATPSDomains ATPSHashAlgorithm VBR-Certifiers VBR-PurgeFields VBR-TrustedCertifiers VBR-TrustedCertifiersOnly VBR-Type " +
      "ReputationCache ReputationCacheTTL ReputationConfig ReputationDuplicates ReputationLimits ReputationRatios ReputationSpamCheck " +
      "ReputationTest ReputationTimeFactor ReputationTimeout",
  },
  { severity: "warning", why: "for tests of OpenDKIM; see signpost check --dns", names: "TestDNSData TestPublicKeys" },
  {
    severity: "error",
    why: "whose mail is signed is said by banks: see docs/policy-banks.md",
    names: "DontSignMailTo ResignMailTo ResignAll MacroList POPDBFile PeerList",
    harmless: no,
  },
  {
    severity: "error",
    why: "scripts decide here; banks, rules and destinies have to say the same",
    names: "ScreenPolicyScript SetupPolicyScript FinalPolicyScript StatisticsPolicyScript",
  },
  {
    severity: "error",
    why: "signatures are made over what leaves, and mail leaves as it came",
    names: "ReplaceHeaders ReplaceRules",
  },
  {
    severity: "error",
    why: "mail that fails is refused, kept or passed (final_dmarc_destiny)",
    names: "RedirectFailuresTo",
  },
  {
    severity: "error",
    why: "a failed signature alone does not keep a mail from its recipient; final_dmarc_destiny and quarantine say what becomes of the mail",
    names: "Quarantine",
    harmless: no,
  },
  {
    severity: "error",
    why: "nothing is looked up in LDAP",
    names:
      "LDAPAuthMechanism LDAPAuthName LDAPAuthRealm LDAPAuthUser LDAPBindPassword LDAPBindUser LDAPDisableCache LDAPKeepaliveIdle " +
      "LDAPKeepaliveInterval LDAPKeepaliveProbes LDAPTimeout LDAPUseTLS",
  },
  {
    severity: "error",
    why: "mail is not refused for a signature alone: a broken one counts as none (RFC 6376 section 6.3). See final_dmarc_destiny and author_must_sign_maps",
    names: "On-BadSignature On-Default On-KeyNotFound On-NoSignature On-SignatureError On-PolicyError",
    harmless: ["accept", "a"],
  },
  {
    severity: "error",
    why: "what the DNS does not answer is temperror, and the mail passes; trouble of ours is always 451",
    names: "On-DNSError On-InternalError On-Security",
    harmless: ["accept", "a", "tempfail", "t"],
  },
];

const untaken = new Map(
  groups.flatMap((group) => group.names.split(" ").map((name) => [name.toLowerCase(), group] as const)),
);

/** What is said of an option that becomes no setting; undefined for one that nobody knows. */
export function untakenOption(name: string): Untaken | undefined {
  return untaken.get(name.toLowerCase());
}

/** As OpenDKIM writes them. */
export const untakenNames: readonly string[] = groups.flatMap(({ names }) => names.split(" "));
