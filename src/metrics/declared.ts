// Every metric of ours, declared once: name, help, labels. What feeds them is elsewhere; docs/metrics.md has the same
// list with what to do about each (a test compares). Label values come from closed lists and the configuration alone.
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { MailCounter } from "./mail-counter.ts";
import { MailHistogram } from "./mail-histogram.ts";

const shortSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const mailSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const lookupSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];
const sizeBytes = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536].map((kilo) => kilo * 1024);

export type Declared = ReturnType<typeof declareMetrics>;

/** Makes a registry with all metrics in it, all at zero. */
export function declareMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    together: Aggregator = "sum",
  ) => new Counter({ name, help, labelNames, aggregator: together, registers });
  const histogram = <Label extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly Label[] = [],
  ) => new Histogram({ name, help, buckets: [...buckets], labelNames, registers });
  // For what is counted and observed of every mail.
  const mailCounter = <const Names extends readonly string[]>(name: string, help: string, labelNames: Names) =>
    new MailCounter({ name, help, labelNames, registers });
  const mailHistogram = (name: string, help: string, buckets: readonly number[], labelNames: readonly string[] = []) =>
    new MailHistogram({ name, help, buckets: [...buckets], labelNames, registers });
  // `together`: the value for several processes that share the ports, made of theirs (see together.ts).
  const gauge = <Label extends string = never>(
    name: string,
    help: string,
    together: Aggregator,
    labelNames: readonly Label[] = [],
  ) => new Gauge({ name, help, labelNames, aggregator: together, registers });

  const declared = {
    registry,

    buildInfo: gauge("signpost_build_info", "Version of signpost and of Node; the value is 1.", "omit", [
      "version",
      "node",
    ]),
    ready: gauge("signpost_ready", "1 while /readyz says yes, by condition.", "omit", ["condition"]),

    // mail
    messages: mailCounter("signpost_messages_total", "Mails that got their final reply, by policy bank path.", [
      "bank",
      "outcome",
    ]),
    recipients: mailCounter("signpost_recipients_total", "Recipients of these mails.", ["direction", "action"]),
    decisions: mailCounter("signpost_decisions_total", "Recipients by what was decided for them, and by which rule.", [
      "category",
      "minor",
      "rule",
    ]),
    messageSize: mailHistogram("signpost_message_size_bytes", "Size of mails that got their final reply.", sizeBytes),
    messageDuration: mailHistogram(
      "signpost_message_duration_seconds",
      "From the final dot to the reply to it, the next hop's time included.",
      mailSeconds,
    ),
    stageDuration: mailHistogram("signpost_stage_duration_seconds", "Time a mail spends in each stage.", mailSeconds, [
      "stage",
    ]),
    errors: counter("signpost_message_errors_total", "Mails put off (451) because something broke on our side."),
    dsn: counter("signpost_dsn_total", "Recipients whose sender was owed a delivery status notification.", ["result"]),
    ownMail: counter("signpost_own_mail_total", "Mails of our own, by whether the next hop took them.", [
      "kind",
      "result",
    ]),

    kept: counter("signpost_quarantine_total", "Mails that owed copies, by what became of the copies.", ["result"]),

    // signing
    signatures: mailCounter("signpost_signatures_total", "Signatures made; domains of the configured keys only.", [
      "domain",
      "algorithm",
    ]),
    notSigned: mailCounter(
      "signpost_not_signed_total",
      "Mails that left without a signature of ours, or were put off.",
      ["reason"],
    ),
    keys: gauge("signpost_keys", "Private keys configured, by whether they can be used.", "omit", ["state"]),
    keyPublished: gauge(
      "signpost_key_published",
      "1 if the DNS publishes the key so that signatures verify, 0 if not; absent until it answered.",
      "omit",
      ["domain", "selector"],
    ),
    keyFileTime: gauge("signpost_key_file_timestamp_seconds", "When the file of a signing key was written.", "omit", [
      "domain",
      "selector",
    ]),
    keysChecked: gauge("signpost_keys_checked", "Keys by what the DNS said of them when last asked.", "omit", [
      "result",
    ]),
    keyCheckTime: gauge("signpost_key_check_timestamp_seconds", "When a key was last looked at.", "omit"),

    unsignedDomains: counter(
      "signpost_unsigned_mails_total",
      "Mails of ours that left unsigned although signing is on, by the author's domain where it is local.",
      ["domain"],
    ),
    docsInfo: gauge("signpost_docs_info", "Where the documentation is (metrics.docs); 1.", "omit", ["url"]),

    // verification
    verifications: mailCounter("signpost_verifications_total", "Findings by RFC 8601 result, mail of ours apart.", [
      "direction",
      "method",
      "result",
    ]),
    verificationFailures: mailCounter(
      "signpost_verification_failures_total",
      "Signatures that did not pass, by reason.",
      ["reason"],
    ),

    // content
    scannerAnswers: counter("signpost_scanner_answers_total", "Mails that a scanner was asked about, by its answer.", [
      "scanner",
      "kind",
      "result",
    ]),
    scannerDuration: histogram("signpost_scanner_duration_seconds", "How long scanners took for a mail.", mailSeconds, [
      "scanner",
      "kind",
    ]),
    scannerUp: gauge("signpost_scanner_up", "0 while a scanner is known to be down.", "min", ["scanner", "kind"]),
    scannerBusy: gauge("signpost_scanner_busy", "Mails with a scanner now.", "sum", ["scanner", "kind"]),
    scannerWaiting: gauge("signpost_scanner_waiting", "Mails that wait for a scanner.", "sum", ["scanner", "kind"]),
    verdictLookups: mailCounter("signpost_verdict_lookups_total", "Mails looked for among known verdicts.", [
      "kind",
      "result",
    ]),
    partsDuration: mailHistogram("signpost_parts_duration_seconds", "Time to take a mail apart.", mailSeconds, [
      "where",
    ]),
    partsThreadEnds: counter("signpost_parts_thread_ends_total", "Threads that ended while they took a mail apart.", [
      "reason",
    ]),

    // DNS
    dnsLookups: counter("signpost_dns_lookups_total", "Questions that no cache could answer, by outcome.", [
      "type",
      "result",
    ]),
    dnsLookupDuration: histogram(
      "signpost_dns_lookup_duration_seconds",
      "Time of questions that no cache could answer, all tries together.",
      lookupSeconds,
    ),
    dnsQuestions: counter("signpost_dns_questions_total", "Questions asked by checks, those from the cache included."),
    dnsCacheHits: counter("signpost_dns_cache_hits_total", "Questions answered by the cache."),
    dnsMerged: counter("signpost_dns_merged_total", "Questions that joined the same one already under way."),
    dnsCacheEntries: gauge("signpost_dns_cache_entries", "Answers in the cache.", "sum"),
    dnsCacheBytes: gauge("signpost_dns_cache_bytes", "Octets of the answers in the cache.", "sum"),
    dnsCacheEvictions: counter("signpost_dns_cache_evictions_total", "Answers that made room for others."),
    dnsPending: gauge("signpost_dns_pending", "Questions under way.", "sum"),
    dnsCircuitOpen: gauge(
      "signpost_dns_circuit_open",
      "1 while servers have been silent so long that lookups are cut short.",
      "max",
    ),

    // the cache that filters share (setting redis)
    sharedCacheLookups: counter("signpost_shared_cache_lookups_total", "Answers asked of the shared cache.", [
      "result",
    ]),
    sharedCacheWrites: counter("signpost_shared_cache_writes_total", "Answers given to the shared cache.", ["result"]),
    sharedCacheConnections: gauge("signpost_shared_cache_connections", "Connections to the shared cache.", "sum", [
      "state",
    ]),

    // next hops
    nextHopReplies: mailCounter("signpost_next_hop_replies_total", "The reply that decided, once per recipient.", [
      "next_hop",
      "class",
      "origin",
    ]),
    nextHopConnections: mailCounter("signpost_next_hop_connections_total", "Connections to next hops.", [
      "next_hop",
      "event",
    ]),
    nextHopPartial: counter(
      "signpost_next_hop_partial_total",
      "Mails that only some recipients of a transaction got.",
      ["next_hop"],
    ),
    nextHopOpen: gauge("signpost_next_hop_open_connections", "Connections to next hops now.", "sum", ["state"]),
    nextHopBusy: gauge("signpost_next_hop_busy", "Connections that carry mail now.", "sum", ["next_hop"]),
    nextHopWaiting: gauge("signpost_next_hop_waiting", "Connections that mails wait for.", "sum", ["next_hop"]),
    nextHopLimit: gauge("signpost_next_hop_limit", "Connections that may carry mail now.", "sum", ["next_hop"]),

    // clients
    connections: counter("signpost_connections_total", "Connections accepted.", ["listener"]),
    openConnections: gauge("signpost_open_connections", "Connections now.", "sum", ["listener"]),
    connectionsRefused: counter("signpost_connections_refused_total", "Connections turned away.", [
      "listener",
      "reason",
    ]),
    commandsRefused: counter("signpost_commands_refused_total", "SMTP commands that got an error reply.", [
      "listener",
      "code",
    ]),
    refusals: counter(
      "signpost_refusals_total",
      "Clients, commands and messages refused before a mail was decided on, by cause.",
      ["cause"],
    ),
    intakeFailures: counter("signpost_intake_failures_total", "Messages that did not come in whole, by reason.", [
      "reason",
    ]),

    // memory and disk
    messageMemory: gauge("signpost_message_memory_bytes", "Octets of mail under way in memory.", "sum"),
    messageMemoryLimit: gauge(
      "signpost_message_memory_limit_bytes",
      "Octets of mail that may be in memory (spool.memory).",
      "sum",
    ),
    spoolFiles: gauge("signpost_spool_files", "Spool files open.", "sum"),
    spooled: counter("signpost_spooled_messages_total", "Mails that did not fit into memory."),
    spooledBytes: counter("signpost_spooled_bytes_total", "Octets of mails that did not fit into memory."),
    spoolFree: gauge("signpost_spool_free_bytes", "Free space where spool files are.", "min"),
    spoolFreeLimit: gauge(
      "signpost_spool_free_limit_bytes",
      "Free space below which large mail is put off (spool.free_space).",
      "max",
    ),

    quarantineCopies: gauge("signpost_quarantine_copies", "Copies in quarantine and archive.", "max"),
    quarantineBytes: gauge("signpost_quarantine_bytes", "Octets of all copies.", "max"),
    quarantineFree: gauge("signpost_quarantine_free_bytes", "Free space of QUARANTINEDIR.", "min"),
    quarantineFreeLimit: gauge(
      "signpost_quarantine_free_limit_bytes",
      "Free space below which no mail is taken (quarantine.free_space).",
      "max",
    ),

    // workers
    poolThreads: gauge("signpost_pool_threads", "Worker threads.", "sum", ["state"]),
    poolBusy: gauge("signpost_pool_busy", "Batches of jobs out at workers; two per thread at most.", "sum"),
    poolStreams: gauge("signpost_pool_streams", "Bodies being hashed while they arrive.", "sum"),
    poolQueued: gauge("signpost_pool_queued", "Jobs that wait for a worker.", "sum"),
    poolQueueLimit: gauge("signpost_pool_queue_limit", "Jobs that may wait; beyond that mail gets 451.", "sum"),
    poolWait: mailHistogram("signpost_pool_wait_seconds", "Time jobs waited for a worker.", shortSeconds),
    poolRun: mailHistogram(
      "signpost_pool_run_seconds",
      "Time jobs were out at a worker, the way there and back included.",
      shortSeconds,
    ),
    poolInPlace: counter("signpost_pool_in_place_total", "Small jobs that the main thread did itself (pool.in_place)."),
    workerRestarts: counter("signpost_worker_restarts_total", "Times worker threads were replaced.", ["reason"]),

    // the main thread
    eventLoopDelay: gauge(
      "signpost_event_loop_delay_seconds",
      "How long the main thread was not there, since the last scrape.",
      "sum",
      ["percentile"],
    ),
    eventLoopTime: counter(
      "signpost_event_loop_seconds_total",
      "Time of the main thread, at work and waiting for work.",
      ["state"],
    ),

    // processes (setting listeners)
    processes: gauge("signpost_processes", "Processes that share the ports.", "omit", ["state"]),
    processRestarts: counter(
      "signpost_process_restarts_total",
      "Processes started anew after they ended unasked.",
      ["process"],
      "omit",
    ),

    // configuration and log
    generation: gauge(
      "signpost_config_generation",
      "Configurations put in force since the start, the first included.",
      "omit",
    ),
    configTime: gauge("signpost_config_timestamp_seconds", "When the configuration in force was put in force.", "omit"),
    reloads: counter("signpost_config_reloads_total", "Reloads, by result.", ["result"], "omit"),
    reloadSuccess: gauge(
      "signpost_config_last_reload_success",
      "0 if the last reload failed: the old configuration is in force.",
      "omit",
    ),
    reloadChanges: gauge("signpost_config_reload_changes", "What the last reload changed, by kind.", "omit", ["kind"]),
    reloadDuration: gauge("signpost_config_last_reload_duration_seconds", "How long the last reload took.", "omit"),
    historyMails: gauge("signpost_history_mails", "Past mails in memory.", "sum"),
    historyBytes: gauge("signpost_history_bytes", "Octets that they take.", "sum"),
    logDropped: counter("signpost_log_dropped_total", "Log lines given up because nobody took them."),
  };
  // Its own clock of the event loop has the interval it looks at in every value; ours is in event-loop.ts.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 3_600_000 });
  for (const { name } of registry.getMetricsAsArray()) {
    // Gauges with a counter's suffix: promtool check metrics does not take them. The same without it stay.
    if (name.startsWith("nodejs_eventloop_lag") || /^nodejs_active_.*_total$/.test(name))
      registry.removeSingleMetric(name);
  }
  return declared;
}
