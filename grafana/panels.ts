// What is on the dashboards: one entry per panel, in the order in which an operator asks. `make.ts` turns this into the
// JSON that Grafana reads; `render.ts` and the tests take the JSON.

export type Unit = "reqps" | "ops" | "s" | "bytes" | "percentunit" | "short" | "none" | "dtdurations";

export interface Query {
  readonly expr: string;
  /** Legend, "{{outcome}}". */
  readonly legend: string;
}

export interface Step {
  /** From this value on; null for the colour that holds from the start. */
  readonly from: number | null;
  readonly colour: "green" | "yellow" | "red" | "blue";
}

export interface Panel {
  readonly title: string;
  /** What it says and what to do about it: the tooltip. */
  readonly description: string;
  readonly kind: "timeseries" | "stat" | "table";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  readonly steps?: readonly Step[];
  /** Of 24 columns. */
  readonly width?: number;
  /** Where the paragraph is, in docs/. */
  readonly docs?: string;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

const selector = `instance=~"$instance"`;
const rate = (metric: string, labels = "") => `rate(${metric}{${selector}${labels}}[$__rate_interval])`;
const rateBy = (by: string, metric: string, labels = "") => `sum by (${by}) (${rate(metric, labels)})`;
const now = (metric: string, labels = "") => `${metric}{${selector}${labels}}`;
const quantile = (share: number, metric: string, labels = "") =>
  `histogram_quantile(${share}, sum by (le) (${rate(`${metric}_bucket`, labels)}))`;
const quantiles = (metric: string): readonly Query[] =>
  [0.5, 0.9, 0.99].map((share) => ({ expr: quantile(share, metric), legend: `p${share * 100}` }));
const goodAtZero: readonly Step[] = [
  { from: null, colour: "green" },
  { from: 1, colour: "red" },
];

export const dashboards: readonly Dashboard[] = [
  {
    uid: "signpost-overview",
    title: "signpost: overview",
    description: "Is mail flowing, what was refused and why, where does the time go, is anything full.",
    rows: [
      {
        title: "Is mail flowing?",
        panels: [
          {
            title: "Ready",
            description: "1 when every condition of /readyz holds; docs/metrics.md lists them.",
            kind: "stat",
            unit: "none",
            width: 4,
            queries: [{ expr: `min(${now("signpost_ready")})`, legend: "ready" }],
            steps: [
              { from: null, colour: "red" },
              { from: 1, colour: "green" },
            ],
          },
          {
            title: "Mails",
            description: "Mails that got their final reply.",
            kind: "stat",
            unit: "reqps",
            width: 4,
            queries: [{ expr: `sum(${rate("signpost_messages_total")})`, legend: "mails" }],
          },
          {
            title: "Put off",
            description: "Share of mails that got a 4xx: the sender's queue keeps them and they come again.",
            kind: "stat",
            unit: "percentunit",
            width: 4,
            docs: "runbook.md#signpostnexthopfailing",
            queries: [
              {
                expr: `sum(${rate("signpost_messages_total", ',outcome="tempfailed"')}) / clamp_min(sum(${rate("signpost_messages_total")}), 0.001)`,
                legend: "put off",
              },
            ],
            steps: [
              { from: null, colour: "green" },
              { from: 0.02, colour: "yellow" },
              { from: 0.1, colour: "red" },
            ],
          },
          {
            title: "Keys that do not pass",
            description: "Signing keys that the DNS does not publish as they are: receivers reject what they sign.",
            kind: "stat",
            unit: "none",
            width: 4,
            docs: "runbook.md#signpostkeynotpublished",
            queries: [{ expr: `sum(${now("signpost_keys_checked", ',result=~"fail|invalid"')})`, legend: "keys" }],
            steps: goodAtZero,
          },
          {
            title: "Main thread p99",
            description: "How long the main thread was not there for anybody; above 50 ms all mail feels it.",
            kind: "stat",
            unit: "s",
            width: 4,
            queries: [{ expr: `max(${now("signpost_event_loop_delay_seconds", ',percentile="99"')})`, legend: "p99" }],
            steps: [
              { from: null, colour: "green" },
              { from: 0.05, colour: "yellow" },
              { from: 0.2, colour: "red" },
            ],
          },
          {
            title: "Up since",
            description: "Time since the process started.",
            kind: "stat",
            unit: "dtdurations",
            width: 4,
            queries: [{ expr: `time() - min(${now("process_start_time_seconds")})`, legend: "up" }],
          },
          {
            title: "Mails by outcome",
            description:
              "passed: to all recipients. partly: recipients fared differently. tempfailed: 4xx, the sender's queue keeps it.",
            kind: "timeseries",
            unit: "reqps",
            stacked: true,
            queries: [{ expr: rateBy("outcome", "signpost_messages_total"), legend: "{{outcome}}" }],
          },
          {
            title: "Mails by policy bank",
            description: "The path of banks that were loaded; (base) for none.",
            kind: "timeseries",
            unit: "reqps",
            stacked: true,
            docs: "policy-banks.md",
            queries: [{ expr: rateBy("bank", "signpost_messages_total"), legend: "{{bank}}" }],
          },
          {
            title: "Recipients by direction",
            description: "Inbound, Outbound, Internal, OpenRelay, as in the log line.",
            kind: "timeseries",
            unit: "ops",
            queries: [{ expr: rateBy("direction", "signpost_recipients_total"), legend: "{{direction}}" }],
          },
        ],
      },
      {
        title: "What was refused, and why?",
        panels: [
          {
            title: "Refused by a rule of ours",
            description:
              "Recipients that mail was kept from, by rule. error and key-unavailable are trouble on our side.",
            kind: "timeseries",
            unit: "ops",
            docs: "logging.md#rules",
            queries: [
              {
                expr: rateBy("rule", "signpost_decisions_total", ',rule!="none"'),
                legend: "{{rule}}",
              },
            ],
          },
          {
            title: "Replies of next hops",
            description: "The reply that decided, once per recipient. own: we speak for a next hop in trouble.",
            kind: "timeseries",
            unit: "ops",
            docs: "runbook.md#signpostnexthopfailing",
            queries: [
              {
                expr: rateBy("class, origin", "signpost_next_hop_replies_total"),
                legend: "{{class}} {{origin}}",
              },
            ],
          },
          {
            title: "Put off, by next hop",
            description: "Temporary failures of each next hop: its own words, or that it could not be reached.",
            kind: "timeseries",
            unit: "ops",
            docs: "runbook.md#signpostnexthopfailing",
            queries: [
              {
                expr: rateBy("next_hop", "signpost_next_hop_replies_total", ',class="4xx"'),
                legend: "{{next_hop}}",
              },
            ],
          },
          {
            title: "Not signed, by reason",
            description: "Mails without a signature of ours. not-originating is everyday life for incoming mail.",
            kind: "timeseries",
            unit: "ops",
            docs: "runbook.md#why-a-mail-was-not-signed",
            queries: [
              {
                expr: `${rateBy("reason", "signpost_not_signed_total", ',reason!="not-originating"')}`,
                legend: "{{reason}}",
              },
            ],
          },
          {
            title: "Turned away at the door",
            description: "Connections refused, commands with an error reply, messages that did not come in whole.",
            kind: "timeseries",
            unit: "ops",
            queries: [
              { expr: rateBy("reason", "signpost_connections_refused_total"), legend: "connection: {{reason}}" },
              { expr: rateBy("code", "signpost_commands_refused_total"), legend: "command: {{code}}" },
              { expr: rateBy("cause", "signpost_refusals_total"), legend: "refused: {{cause}}" },
              { expr: rateBy("reason", "signpost_intake_failures_total"), legend: "message: {{reason}}" },
            ],
          },
        ],
      },
      {
        title: "Where does the time go?",
        panels: [
          {
            title: "Time from final dot to reply",
            description: "The next hop's time included.",
            kind: "timeseries",
            unit: "s",
            queries: quantiles("signpost_message_duration_seconds"),
          },
          {
            title: "Mean time by stage",
            description: "Stages of the flow; relay is the next hop's time.",
            kind: "timeseries",
            unit: "s",
            stacked: true,
            docs: "architecture.md",
            queries: [
              {
                expr: `${rateBy("stage", "signpost_stage_duration_seconds_sum")} / ${rateBy("stage", "signpost_stage_duration_seconds_count")}`,
                legend: "{{stage}}",
              },
            ],
          },
          {
            title: "Size of mails",
            description: "What large mail costs shows in memory and spool files below.",
            kind: "timeseries",
            unit: "bytes",
            queries: quantiles("signpost_message_size_bytes"),
          },
        ],
      },
      {
        title: "What is in the mail?",
        panels: [
          {
            title: "Answers of scanners",
            description: "By scanner and answer; all but clean, infected and scored is trouble.",
            kind: "timeseries",
            unit: "reqps",
            docs: "scanners.md",
            queries: [
              {
                expr: `sum by (scanner, result) (${rate("signpost_scanner_answers_total")})`,
                legend: "{{scanner}} {{result}}",
              },
            ],
          },
          {
            title: "Scanners down",
            description: "0 while a scanner is known to be down.",
            kind: "timeseries",
            unit: "none",
            docs: "runbook.md#signpostscannerdown",
            queries: [{ expr: `min by (scanner) (${now("signpost_scanner_up")})`, legend: "{{scanner}}" }],
          },
          {
            title: "Time of scanners",
            description: "Mean time for a mail, and mails that wait.",
            kind: "timeseries",
            unit: "s",
            docs: "runbook.md#signpostscannerslow",
            queries: [
              {
                expr: `${rateBy("scanner", "signpost_scanner_duration_seconds_sum")} / ${rateBy("scanner", "signpost_scanner_duration_seconds_count")}`,
                legend: "{{scanner}}",
              },
            ],
          },
          {
            title: "Mails with scanners",
            description: "busy is with the scanner, waiting is in line for it.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `sum by (scanner) (${now("signpost_scanner_busy")})`, legend: "{{scanner}} busy" },
              { expr: `sum by (scanner) (${now("signpost_scanner_waiting")})`, legend: "{{scanner}} waiting" },
            ],
          },
          {
            title: "Verdicts known",
            description: "Share of mails whose verdict was known already, by kind.",
            kind: "timeseries",
            unit: "percentunit",
            docs: "scanners.md",
            queries: [
              {
                expr: `sum by (kind) (${rate("signpost_verdict_lookups_total", ',result=~"hit|shared|joined"')}) / sum by (kind) (${rate("signpost_verdict_lookups_total")})`,
                legend: "{{kind}}",
              },
            ],
          },
          {
            title: "Taking mail apart",
            description: "Mean time by place, and threads that ended over it.",
            kind: "timeseries",
            unit: "s",
            docs: "content.md",
            queries: [
              {
                expr: `${rateBy("where", "signpost_parts_duration_seconds_sum")} / ${rateBy("where", "signpost_parts_duration_seconds_count")}`,
                legend: "{{where}}",
              },
              { expr: rateBy("reason", "signpost_parts_thread_ends_total"), legend: "ended: {{reason}}" },
            ],
          },
        ],
      },
      {
        title: "Is anything full?",
        panels: [
          {
            title: "Mail in memory",
            description: "Above the limit (spool.memory) mail goes to spool files.",
            kind: "timeseries",
            unit: "bytes",
            queries: [
              { expr: `sum(${now("signpost_message_memory_bytes")})`, legend: "used" },
              { expr: `sum(${now("signpost_message_memory_limit_bytes")})`, legend: "limit" },
            ],
          },
          {
            title: "Free space for spool files",
            description: "Below the limit (spool.free_space) large mail is put off with 452.",
            kind: "timeseries",
            unit: "bytes",
            docs: "runbook.md#signpostspoolnearlyfull",
            queries: [
              { expr: `min(${now("signpost_spool_free_bytes")})`, legend: "free" },
              { expr: `max(${now("signpost_spool_free_limit_bytes")})`, legend: "limit" },
            ],
          },
          {
            title: "Free space for copies",
            description: "Free space of QUARANTINEDIR. Below the limit (quarantine.free_space) no mail is taken.",
            kind: "timeseries",
            unit: "bytes",
            docs: "runbook.md#signpostquarantinenearlyfull",
            queries: [
              { expr: `min(${now("signpost_quarantine_free_bytes")})`, legend: "free" },
              { expr: `max(${now("signpost_quarantine_free_limit_bytes")})`, legend: "limit" },
              { expr: `max(${now("signpost_quarantine_bytes")})`, legend: "all copies" },
            ],
          },
          {
            title: "Copies kept",
            description: "Mails that owed copies, by what became of them; those that failed came again.",
            kind: "timeseries",
            unit: "ops",
            docs: "runbook.md#signpostcopiesnotkept",
            queries: [{ expr: rateBy("result", "signpost_quarantine_total"), legend: "{{result}}" }],
          },
          {
            title: "Connections",
            description: "From the MTA by listener, to next hops by state.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `sum by (listener) (${now("signpost_open_connections")})`, legend: "in {{listener}}" },
              { expr: `sum by (state) (${now("signpost_next_hop_open_connections")})`, legend: "out {{state}}" },
            ],
          },
          {
            title: "Next hops: connections with mail",
            description:
              "A next hop whose connections are all busy while mails wait is slow or silent; the others go on.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `sum by (next_hop) (${now("signpost_next_hop_busy")})`, legend: "{{next_hop}} busy" },
              { expr: `sum by (next_hop) (${now("signpost_next_hop_waiting")})`, legend: "{{next_hop}} waited for" },
              { expr: `sum by (next_hop) (${now("signpost_next_hop_limit")})`, legend: "{{next_hop}} limit" },
            ],
          },
        ],
      },
    ],
  },
  {
    uid: "signpost-signing",
    title: "signpost: signing and keys",
    description: "What is signed, what is not and why, and whether the DNS publishes the keys.",
    rows: [
      {
        title: "Signatures",
        panels: [
          {
            title: "Signatures by domain",
            description: "Domains of configured keys; what a key of a pattern signs is other.",
            kind: "timeseries",
            unit: "ops",
            stacked: true,
            docs: "keys.md",
            queries: [{ expr: rateBy("domain", "signpost_signatures_total"), legend: "{{domain}}" }],
          },
          {
            title: "Signatures by algorithm",
            description: "rsa-sha256 is what every verifier knows; ed25519-sha256 beside it.",
            kind: "timeseries",
            unit: "ops",
            queries: [{ expr: rateBy("algorithm", "signpost_signatures_total"), legend: "{{algorithm}}" }],
          },
          {
            title: "Time in stage sign",
            description: "Choosing keys, waiting for a worker and the arithmetic.",
            kind: "timeseries",
            unit: "s",
            queries: [0.5, 0.99].map((share) => ({
              expr: quantile(share, "signpost_stage_duration_seconds", ',stage="sign"'),
              legend: `p${share * 100}`,
            })),
          },
        ],
      },
      {
        title: "Not signed",
        panels: [
          {
            title: "Mail of ours that is not signed, by reason",
            description: "Each reason has its paragraph in the runbook.",
            kind: "timeseries",
            unit: "ops",
            width: 16,
            stacked: true,
            docs: "runbook.md#why-a-mail-was-not-signed",
            queries: [
              {
                expr: rateBy("reason", "signpost_not_signed_total", ',reason!="not-originating"'),
                legend: "{{reason}}",
              },
            ],
          },
          {
            title: "Unsigned mail of ours, by domain",
            description:
              "Domains of local_domains_maps whose mail left unsigned in the last hour although signing is on.",
            kind: "table",
            unit: "none",
            docs: "runbook.md#signpostnotsigned",
            queries: [
              {
                expr: `sort_desc(round(sum by (domain) (increase(signpost_unsigned_mails_total{${selector}}[1h]))))`,
                legend: "{{domain}}",
              },
            ],
          },
          {
            title: "Not signed in the last hour",
            description: "The same in numbers.",
            kind: "table",
            unit: "none",
            docs: "runbook.md#why-a-mail-was-not-signed",
            queries: [
              {
                expr: `sort_desc(round(sum by (reason) (increase(signpost_not_signed_total{${selector}}[1h]))) > 0)`,
                legend: "{{reason}}",
              },
            ],
          },
        ],
      },
      {
        title: "Keys",
        panels: [
          {
            title: "Published",
            description:
              "1: the DNS publishes the key as it is. 0: it does not, and what the key signs fails elsewhere.",
            kind: "table",
            unit: "none",
            docs: "runbook.md#signpostkeynotpublished",
            queries: [
              {
                expr: `sort(min by (domain, selector) (${now("signpost_key_published")}))`,
                legend: "{{selector}}._domainkey.{{domain}}",
              },
            ],
            steps: [
              { from: null, colour: "red" },
              { from: 1, colour: "green" },
            ],
          },
          {
            title: "Keys by what the DNS says",
            description:
              "fail: another key is published. invalid: none, or one that does not work. unknown: no answer yet.",
            kind: "timeseries",
            unit: "short",
            docs: "keys.md",
            queries: [{ expr: `sum by (result) (${now("signpost_keys_checked")})`, legend: "{{result}}" }],
          },
          {
            title: "Private keys that cannot be read",
            description: "Mail of their domains is put off with 451 4.7.5.",
            kind: "stat",
            unit: "none",
            width: 4,
            docs: "runbook.md#key-unavailable",
            queries: [{ expr: `sum(${now("signpost_keys", ',state="unavailable"')})`, legend: "keys" }],
            steps: goodAtZero,
          },
          {
            title: "Age of keys",
            description: "Since the file of each signing key was written. Keys are to be changed about once a year.",
            kind: "table",
            unit: "dtdurations",
            docs: "keys.md",
            queries: [
              {
                expr: `time() - ${now("signpost_key_file_timestamp_seconds")}`,
                legend: "{{selector}}._domainkey.{{domain}}",
              },
            ],
          },
          {
            title: "Since a key was looked at",
            description: "Keys are looked at in the background, each about once an hour.",
            kind: "stat",
            unit: "dtdurations",
            width: 4,
            queries: [{ expr: `time() - max(${now("signpost_key_check_timestamp_seconds")})`, legend: "ago" }],
          },
        ],
      },
      {
        title: "Configuration",
        panels: [
          {
            title: "Configuration in force",
            description: "Which one since the start; a step up is a reload.",
            kind: "timeseries",
            unit: "short",
            width: 12,
            queries: [{ expr: `max by (instance) (${now("signpost_config_generation")})`, legend: "{{instance}}" }],
          },
          {
            title: "What the last reload changed",
            description:
              "Settings, and keys that came and went. The line 'reload: changed' in the log of the daemon names the settings.",
            kind: "table",
            unit: "none",
            docs: "operations.md",
            queries: [{ expr: now("signpost_config_reload_changes"), legend: "{{kind}}" }],
          },
          {
            title: "Reloads",
            description: "A failed one leaves the old configuration in force.",
            kind: "timeseries",
            unit: "short",
            width: 12,
            docs: "runbook.md#signpostreloadfailed",
            queries: [
              {
                expr: `sum by (result) (increase(signpost_config_reloads_total{${selector}}[$__rate_interval]))`,
                legend: "{{result}}",
              },
            ],
          },
        ],
      },
    ],
  },
  {
    uid: "signpost-verification",
    title: "signpost: verification",
    description: "What is found out about mail that comes in, and the DNS it takes.",
    rows: [
      {
        title: "Findings",
        panels: [
          {
            title: "Incoming mail that passes",
            description: "Share of the findings on incoming mail that are a pass, by method. Mail of ours is left out.",
            kind: "timeseries",
            unit: "percentunit",
            width: 24,
            docs: "checks.md",
            queries: [
              {
                expr: `${rateBy("method", "signpost_verifications_total", ',direction="incoming",result="pass",method=~"dkim|spf|dmarc"')} / clamp_min(${rateBy("method", "signpost_verifications_total", ',direction="incoming",method=~"dkim|spf|dmarc"')}, 0.001)`,
                legend: "{{method}}",
              },
            ],
          },
          ...(["dkim", "spf", "dmarc", "arc"] as const).map(
            (method): Panel => ({
              title: method.toUpperCase(),
              description: `Results of ${method.toUpperCase()} for incoming mail, in the words of RFC 8601.`,
              kind: "timeseries",
              unit: "ops",
              width: 12,
              stacked: true,
              docs: method === "dkim" ? "dkim.md" : "checks.md",
              queries: [
                {
                  expr: rateBy("result", "signpost_verifications_total", `,direction="incoming",method="${method}"`),
                  legend: "{{result}}",
                },
              ],
            }),
          ),
          {
            title: "Signatures that did not pass, by reason",
            description: "Each reason has its paragraph in the runbook.",
            kind: "timeseries",
            unit: "ops",
            width: 16,
            docs: "runbook.md#why-a-signature-did-not-pass",
            queries: [
              {
                expr: `${rateBy("reason", "signpost_verification_failures_total")} > 0`,
                legend: "{{reason}}",
              },
            ],
          },
          {
            title: "Temporary errors",
            description: "Share of findings that are temperror: the DNS does not answer.",
            kind: "timeseries",
            unit: "percentunit",
            width: 8,
            docs: "runbook.md#signposttemporaryerrors",
            queries: [
              {
                expr: `sum(${rate("signpost_verifications_total", ',direction="incoming",result="temperror"')}) / clamp_min(sum(${rate("signpost_verifications_total", ',direction="incoming"')}), 0.001)`,
                legend: "temperror",
              },
            ],
          },
        ],
      },
      {
        title: "DNS",
        panels: [
          {
            title: "Lookups by outcome",
            description: "Questions that no cache could answer.",
            kind: "timeseries",
            unit: "ops",
            queries: [{ expr: rateBy("result", "signpost_dns_lookups_total"), legend: "{{result}}" }],
          },
          {
            title: "Time of lookups",
            description: "All tries together; a resolver on this machine answers within milliseconds.",
            kind: "timeseries",
            unit: "s",
            queries: quantiles("signpost_dns_lookup_duration_seconds"),
          },
          {
            title: "Answered by the cache",
            description: "Share of questions that did not have to go out.",
            kind: "timeseries",
            unit: "percentunit",
            queries: [
              {
                expr: `sum(${rate("signpost_dns_cache_hits_total")}) / clamp_min(sum(${rate("signpost_dns_questions_total")}), 0.001)`,
                legend: "from the cache",
              },
              {
                expr: `sum(${rate("signpost_dns_merged_total")}) / clamp_min(sum(${rate("signpost_dns_questions_total")}), 0.001)`,
                legend: "joined another",
              },
            ],
          },
          {
            title: "Answers kept",
            description: "At most dns.cache_entries; evictions say that it is too small.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `sum(${now("signpost_dns_cache_entries")})`, legend: "entries" },
              { expr: `sum(${rate("signpost_dns_cache_evictions_total")})`, legend: "evictions/s" },
            ],
          },
          {
            title: "Size of the cache",
            description: "At most dns.cache_size.",
            kind: "timeseries",
            unit: "bytes",
            queries: [{ expr: `sum(${now("signpost_dns_cache_bytes")})`, legend: "answers" }],
          },
          {
            title: "Questions under way",
            description: "circuit: 1 while the servers have been silent so long that lookups are cut short.",
            kind: "timeseries",
            unit: "short",
            docs: "runbook.md#signposttemporaryerrors",
            queries: [
              { expr: `sum(${now("signpost_dns_pending")})`, legend: "under way" },
              { expr: `max(${now("signpost_dns_circuit_open")})`, legend: "circuit" },
            ],
          },
          {
            title: "Shared cache",
            description:
              "What our own cache did not know, asked of the Redis server (redis.url). error and skipped: it is slow or away, and mail goes on without it.",
            kind: "timeseries",
            unit: "ops",
            docs: "scaling.md#dns-answers-for-all-of-them",
            queries: [
              { expr: rateBy("result", "signpost_shared_cache_lookups_total"), legend: "{{result}}" },
              { expr: rateBy("result", "signpost_shared_cache_writes_total"), legend: "write: {{result}}" },
            ],
          },
          {
            title: "Connections to the shared cache",
            description: "connected below configured: the Redis server is away, or not well.",
            kind: "timeseries",
            unit: "short",
            docs: "scaling.md#dns-answers-for-all-of-them",
            queries: [{ expr: `sum by (state) (${now("signpost_shared_cache_connections")})`, legend: "{{state}}" }],
          },
        ],
      },
    ],
  },
  {
    uid: "signpost-threads",
    title: "signpost: threads and caches",
    description: "Worker threads, the main thread, memory and connections that are used again.",
    rows: [
      {
        title: "Worker threads",
        panels: [
          {
            title: "Threads",
            description: "alive below configured: a worker died and its successor is not there yet.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `sum by (state) (${now("signpost_pool_threads")})`, legend: "{{state}}" },
              { expr: `sum(${now("signpost_pool_busy")})`, legend: "batches out" },
              { expr: `sum(${now("signpost_pool_streams")})`, legend: "bodies being hashed" },
            ],
          },
          {
            title: "Jobs that wait",
            description: "At the limit (pool.queue) mail gets 451 4.3.2.",
            kind: "timeseries",
            unit: "short",
            docs: "runbook.md#signpostpoolsaturated",
            queries: [
              { expr: `sum(${now("signpost_pool_queued")})`, legend: "waiting" },
              { expr: `sum(${now("signpost_pool_queue_limit")})`, legend: "limit" },
            ],
          },
          {
            title: "Restarts",
            description: "died: a worker ended by itself. deadline: one held a job past pool.deadline.",
            kind: "timeseries",
            unit: "short",
            docs: "runbook.md#signpostworkerrestarts",
            queries: [
              {
                expr: `sum by (reason) (increase(signpost_worker_restarts_total{${selector}}[$__rate_interval]))`,
                legend: "{{reason}}",
              },
            ],
          },
          {
            title: "Jobs waited",
            description: "Time in the queue. When it grows while run stays, threads are missing.",
            kind: "timeseries",
            unit: "s",
            width: 12,
            queries: quantiles("signpost_pool_wait_seconds"),
          },
          {
            title: "Jobs ran",
            description: "Time out at a worker, the way there and back included.",
            kind: "timeseries",
            unit: "s",
            width: 12,
            queries: quantiles("signpost_pool_run_seconds"),
          },
          {
            title: "Jobs done",
            description: "By the main thread: small mail that comes alone (pool.in_place). At full load none is.",
            kind: "timeseries",
            unit: "ops",
            width: 12,
            docs: "decisions/042-in-place.md",
            queries: [
              { expr: `sum(${rate("signpost_pool_run_seconds_count")})`, legend: "by workers" },
              { expr: `sum(${rate("signpost_pool_in_place_total")})`, legend: "by the main thread" },
            ],
          },
        ],
      },
      {
        title: "The process",
        panels: [
          {
            title: "Main thread not there",
            description: "Delay of the event loop since the last scrape.",
            kind: "timeseries",
            unit: "s",
            queries: [
              { expr: `max by (percentile) (${now("signpost_event_loop_delay_seconds")})`, legend: "p{{percentile}}" },
            ],
          },
          {
            title: "CPU",
            description:
              "Cores in use, all threads together; and the share of its time that the main thread works, of the busiest process.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `max(${rate("signpost_event_loop_seconds_total", ',state="active"')})`, legend: "main thread" },
              { expr: `sum(${rate("process_cpu_user_seconds_total")})`, legend: "user" },
              { expr: `sum(${rate("process_cpu_system_seconds_total")})`, legend: "system" },
            ],
          },
          {
            title: "Memory",
            description: "resident is what the machine sees; external holds mail.",
            kind: "timeseries",
            unit: "bytes",
            queries: [
              { expr: `sum(${now("process_resident_memory_bytes")})`, legend: "resident" },
              { expr: `sum(${now("nodejs_heap_size_used_bytes")})`, legend: "heap used" },
              { expr: `sum(${now("nodejs_external_memory_bytes")})`, legend: "external" },
            ],
          },
          {
            title: "Processes",
            description: "Those that share the ports, and how often one had to be started anew.",
            kind: "timeseries",
            unit: "short",
            docs: "operations.md#several-processes",
            queries: [
              { expr: `sum by (state) (${now("signpost_processes")})`, legend: "{{state}}" },
              {
                expr: `sum(increase(signpost_process_restarts_total{${selector}}[$__rate_interval]))`,
                legend: "restarts",
              },
            ],
          },
          {
            title: "Garbage collection",
            description: "Share of the time spent collecting, by kind.",
            kind: "timeseries",
            unit: "percentunit",
            queries: [{ expr: rateBy("kind", "nodejs_gc_duration_seconds_sum"), legend: "{{kind}}" }],
          },
          {
            title: "File descriptors",
            description: "Sockets and spool files; at the limit connections are refused.",
            kind: "timeseries",
            unit: "short",
            queries: [
              { expr: `sum(${now("process_open_fds")})`, legend: "open" },
              { expr: `sum(${now("signpost_spool_files")})`, legend: "spool files" },
            ],
          },
          {
            title: "Log lines dropped",
            description: "Nobody took them: the reader of the log stalls.",
            kind: "timeseries",
            unit: "ops",
            docs: "logging.md",
            queries: [{ expr: `sum(${rate("signpost_log_dropped_total")})`, legend: "lines" }],
          },
        ],
      },
      {
        title: "Connections used again",
        panels: [
          {
            title: "Connections to next hops",
            description: "opened, reused (once per mail), failed, closed.",
            kind: "timeseries",
            unit: "ops",
            width: 12,
            queries: [{ expr: rateBy("event", "signpost_next_hop_connections_total"), legend: "{{event}}" }],
          },
          {
            title: "Mails over a connection that was there",
            description: "Near 1 under load; each new connection costs the next hop a process.",
            kind: "timeseries",
            unit: "percentunit",
            width: 12,
            queries: [
              {
                expr: `sum(${rate("signpost_next_hop_connections_total", ',event="reused"')}) / clamp_min(sum(${rate("signpost_next_hop_connections_total", ',event=~"opened|reused"')}), 0.001)`,
                legend: "reused",
              },
            ],
          },
        ],
      },
    ],
  },
];
