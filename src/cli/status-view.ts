// The lines of `status`: what an operator asks, from top to bottom. Takes two looks at the metrics, draws nothing else.
import { type Looks, quantile, rate, type SampleMail } from "./samples.ts";

export interface StatusFacts {
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** What keeps the daemon from being ready; empty when nothing does. */
  readonly troubles: readonly string[];
  /** Those that share the ports; empty where one process does everything. */
  readonly processes: readonly ProcessFacts[];
  readonly looks: Looks;
}

export interface ProcessFacts {
  readonly number: number;
  readonly pid: number;
  readonly isRunning: boolean;
  readonly sinceMs: number;
  readonly restarts: number;
}

export interface Paint {
  bold(text: string): string;
  bad(text: string): string;
  good(text: string): string;
}

export const plain: Paint = { bold: (text) => text, bad: (text) => text, good: (text) => text };

const titleWidth = 12;
/** Series named one by one; the rest is summed up. */
const maxNamed = 8;

export function statusLines(facts: StatusFacts, paint: Paint): readonly string[] {
  const { looks, troubles } = facts;
  const lines: string[] = [head(facts, paint)];
  for (const trouble of troubles) lines.push(paint.bad(`not ready: ${trouble}`));
  const part = (title: string, ...texts: readonly string[]) => {
    for (const [index, text] of texts.filter((each) => each !== "").entries()) {
      lines.push(`${paint.bold((index === 0 ? title : "").padEnd(titleWidth))}${text}`);
    }
  };
  const { after } = looks;
  lines.push("");
  part(
    "mail",
    `${perSecond(rate(looks, "signpost_messages_total"))}   ${shares(looks, "signpost_messages_total", "outcome")}`,
    `in all ${count(after.sum("signpost_messages_total"))}   time ${quantiles(looks, "signpost_message_duration_seconds")}`,
  );
  part("banks", shares(looks, "signpost_messages_total", "bank"));
  part("stages", ...stages(looks));
  part(
    "signed",
    `${perSecond(rate(looks, "signpost_signatures_total"))}   ${shares(looks, "signpost_signatures_total", "domain")}`,
  );
  part("not signed", shares(looks, "signpost_not_signed_total", "reason"));
  part("keys", ...keys(looks, paint));
  part("verified", ...methods(looks));
  part(
    "DNS",
    `${perSecond(rate(looks, "signpost_dns_questions_total"))} asked, ${hitShare(looks)} from ${count(after.sum("signpost_dns_cache_entries"))} answers kept; time ${quantiles(looks, "signpost_dns_lookup_duration_seconds")}`,
    after.sum("signpost_dns_circuit_open") > 0 ? paint.bad("the DNS servers are silent: lookups are cut short") : "",
  );
  part("shared", sharedCache(looks, paint));
  part("next hops", ...nextHops(looks, paint));
  part(
    "connections",
    `${after.sum("signpost_open_connections")} in, ${after.sum("signpost_next_hop_open_connections")} out (${after.sum("signpost_next_hop_open_connections", { state: "idle" })} idle)`,
  );
  part(
    "workers",
    `${after.sum("signpost_pool_threads", { state: "alive" })} threads, ${after.sum("signpost_pool_busy")} batches out, ${after.sum("signpost_pool_queued")} of ${after.sum("signpost_pool_queue_limit")} jobs waiting, ${after.sum("signpost_worker_restarts_total")} restarts`,
    `wait ${quantiles(looks, "signpost_pool_wait_seconds")}   run ${quantiles(looks, "signpost_pool_run_seconds")}`,
  );
  part(
    "memory",
    `${bytes(after.sum("process_resident_memory_bytes"))} in all; mail ${bytes(after.sum("signpost_message_memory_bytes"))} of ${bytes(after.sum("signpost_message_memory_limit_bytes"))}, ${after.sum("signpost_spool_files")} spool files, ${bytes(after.sum("signpost_spool_free_bytes"))} free on disk`,
  );
  const cpu = `${percent(rate(looks, "process_cpu_seconds_total"))} of a core`;
  part("CPU", facts.processes.length === 0 ? `${cpu}; ${mainThread(looks)}` : cpu);
  part("processes", ...facts.processes.map((each) => processLine(each, facts, paint)));
  const dropped = after.sum("signpost_log_dropped_total");
  if (dropped > 0) part("log", paint.bad(`${count(dropped)} lines dropped: nobody took them`));
  return lines;
}

function processLine(
  { number, pid, isRunning, sinceMs, restarts }: ProcessFacts,
  { looks, nowMs }: StatusFacts,
  paint: Paint,
): string {
  const again = restarts === 0 ? "" : `, ${restarts} restarts`;
  const since = duration((nowMs - sinceMs) / 1000);
  if (!isRunning) return paint.bad(`${number}  not running for ${since}, is started again${again}`);
  const process = String(number);
  const resident = bytes(looks.after.sum("process_resident_memory_bytes", { process }));
  return `${number}  pid ${pid}, up ${since}, ${resident}; ${mainThread(looks, { process })}${again}`;
}

function mainThread(looks: Looks, labels: Readonly<Record<string, string>> = {}): string {
  const busy = rate(looks, "signpost_event_loop_seconds_total", { ...labels, state: "active" });
  return `the main thread works ${percent(busy)} of its time`;
}

function head({ version, pid, startedAtMs, nowMs, troubles, looks }: StatusFacts, paint: Paint): string {
  const state = troubles.length === 0 ? paint.good("ready") : paint.bad("NOT READY");
  const generation = looks.after.sum("signpost_config_generation");
  const failed = looks.after.sum("signpost_config_last_reload_success") === 0;
  const reload = failed ? `, ${paint.bad("last reload failed")}` : "";
  return `signpost ${version}, pid ${pid}, up ${duration((nowMs - startedAtMs) / 1000)}, configuration ${generation}${reload}: ${state}`;
}

/** "passed 12.0/s, tempfailed 0.3/s": series that move first, those that stand still by their count. */
function shares(looks: Looks, name: string, label: string): string {
  const values = new Set(looks.after.all(name).map((sample) => sample.labels[label] ?? ""));
  const rows = [...values].map((value) => ({
    value,
    rate: rate(looks, name, { [label]: value }),
    total: looks.after.sum(name, { [label]: value }),
  }));
  const shown = rows.filter(({ total }) => total > 0).sort((a, b) => b.rate - a.rate || b.total - a.total);
  const named = shown.slice(0, maxNamed).map((row) => `${row.value} ${perSecond(row.rate)} (${count(row.total)})`);
  const rest = shown.length - named.length;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}

function stages(looks: Looks): readonly string[] {
  const name = "signpost_stage_duration_seconds";
  const shown = looks.after.all(`${name}_count`).flatMap(({ labels }) => {
    const { stage = "" } = labels;
    const p50 = quantile(looks, name, 0.5, { stage });
    return p50 === undefined ? [] : [`${stage} ${seconds(p50)}/${seconds(quantile(looks, name, 0.99, { stage }))}`];
  });
  return shown.length === 0 ? [] : [`${shown.join("  ")}   (p50/p99 below)`];
}

function methods(looks: Looks): readonly string[] {
  const name = "signpost_verifications_total";
  // Mail of ours says nothing about what we receive.
  const incoming = looks.after.all(name).filter(({ labels }) => labels.direction === "incoming");
  const found = new Set(incoming.map(({ labels }) => labels.method ?? ""));
  return [...found].flatMap((method) => {
    const results = incoming.filter(({ labels, value }) => labels.method === method && value > 0);
    if (results.length === 0) return [];
    const words = results.map(({ labels, value }) => {
      const { result = "" } = labels;
      return `${result} ${perSecond(rate(looks, name, { direction: "incoming", method, result }))} (${count(value)})`;
    });
    return [`${method}: ${words.join(", ")}`];
  });
}

function nextHops(looks: Looks, paint: Paint): readonly string[] {
  const name = "signpost_next_hop_replies_total";
  const { after } = looks;
  const hops = new Set(
    [name, "signpost_next_hop_busy"].flatMap((each) => after.all(each).map(({ labels }) => labels.next_hop ?? "")),
  );
  const waitingFor = (next_hop: string) => after.sum("signpost_next_hop_waiting", { next_hop });
  // Where mail waits is what matters most.
  const first = [...hops].sort((a, b) => waitingFor(b) - waitingFor(a)).slice(0, maxNamed);
  return first.map((next_hop) => {
    const classes = ["2xx", "4xx", "5xx"].map((kind) => {
      const now = rate(looks, name, { next_hop, class: kind });
      const text = `${kind} ${perSecond(now)}`;
      return kind !== "2xx" && now > 0 ? paint.bad(text) : text;
    });
    const busy = after.sum("signpost_next_hop_busy", { next_hop });
    const waiting = waitingFor(next_hop);
    const use = busy === 0 ? "" : `   ${busy} of ${after.sum("signpost_next_hop_limit", { next_hop })} connections`;
    return `${next_hop}  ${classes.join("  ")}${use}${waiting === 0 ? "" : paint.bad(`, ${waiting} more wanted`)}`;
  });
}

function keys({ after }: Looks, paint: Paint): readonly string[] {
  const published = after.all("signpost_key_published");
  const missing = published.filter(({ value }) => value === 0);
  const unavailable = after.sum("signpost_keys", { state: "unavailable" });
  const all = after.sum("signpost_keys");
  const good = after.sum("signpost_keys_checked", { result: "pass" });
  const unknown = after.sum("signpost_keys_checked", { result: "unknown" });
  const waiting = unknown > 0 ? `, ${unknown} not looked at yet` : "";
  return [
    `${all} configured, ${good} published${waiting}`,
    ...missing.slice(0, maxNamed).map((sample) => paint.bad(`not published: ${keyName(sample)}`)),
    unavailable > 0 ? paint.bad(`${unavailable} cannot be read: mail of their domains is put off`) : "",
  ];
}

function keyName({ labels }: SampleMail): string {
  return `${labels.selector}._domainkey.${labels.domain}`;
}

function hitShare(looks: Looks): string {
  return shareOf(rate(looks, "signpost_dns_cache_hits_total"), rate(looks, "signpost_dns_questions_total"));
}

/** Nothing where no Redis server is configured. */
function sharedCache(looks: Looks, paint: Paint): string {
  const connections = (state: string) => looks.after.sum("signpost_shared_cache_connections", { state });
  const [configured, connected] = [connections("configured"), connections("connected")];
  if (configured === 0) return "";
  const name = "signpost_shared_cache_lookups_total";
  const asked = rate(looks, name);
  const hits = `${perSecond(asked)} asked of Redis, ${shareOf(rate(looks, name, { result: "hit" }), asked)} known there`;
  if (connected === configured) return hits;
  const away = configured === 1 ? "the server is away" : `${connected} of ${configured} processes connected`;
  return `${hits}; ${paint.bad(away)}`;
}

function shareOf(part: number, whole: number): string {
  return whole === 0 ? "-" : `${Math.round((100 * part) / whole)} %`;
}

function quantiles(looks: Looks, name: string): string {
  const p50 = quantile(looks, name, 0.5);
  return p50 === undefined ? "-" : `p50 ${seconds(p50)}, p99 ${seconds(quantile(looks, name, 0.99))}`;
}

function perSecond(value: number): string {
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)}/s`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function count(value: number): string {
  return value < 10_000
    ? String(value)
    : value < 1e7
      ? `${(value / 1000).toFixed(1)} k`
      : `${(value / 1e6).toFixed(1)} M`;
}

function seconds(value: number | undefined): string {
  if (value === undefined) return "-";
  if (!Number.isFinite(value)) return "longer";
  return value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${value} s`;
}

function bytes(value: number): string {
  if (Number.isNaN(value)) return "?";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let shown = value;
  let unit = 0;
  while (shown >= 1000 && unit < units.length - 1) {
    shown /= 1024;
    unit += 1;
  }
  return `${shown >= 100 || unit === 0 ? Math.round(shown) : shown.toFixed(1)} ${units[unit]}`;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
