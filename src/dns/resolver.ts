// The stub resolver: a question goes to the cache, then to the one that filters share, then to the servers in order,
// within a deadline.
// Packets are made and read in `wire.ts`; this file decides whom to ask, how often, and what to keep.
import type { Answer, DnsTrouble, RecordType, Resolve } from "../rr/answer.ts";
import type { Peek } from "../rr/known-answers.ts";
import { createAnswerCache } from "./answer-cache.ts";
import { canonicalName, isQueryName, maxAliases } from "./name.ts";
import { type DnsServer, isLoopback } from "./server-address.ts";
import type { SharedAnswers } from "./shared-answers.ts";
import { askOverTcp } from "./tcp.ts";
import { createUdpClient, type DnsExchange, type UdpClient } from "./udp.ts";
import { type DnsQuestion, type QueryForm, readAnswer, responseCode } from "./wire.ts";

export interface ResolverOptions {
  /** Asked in this order; at least one. */
  readonly servers: readonly DnsServer[];
  /** How long one try waits. */
  readonly timeoutMs: number;
  /** Tries per server. */
  readonly tries: number;
  /** All tries of one question together, following aliases included. */
  readonly deadlineMs: number;
  readonly maxCacheEntries: number;
  readonly maxCacheBytes: number;
  readonly maxTtlSeconds: number;
  readonly maxNegativeTtlSeconds: number;
  /** Questions under way at once; one more gets trouble at once. */
  readonly maxPending: number;
}

export const defaultResolverOptions: Omit<ResolverOptions, "servers"> = {
  timeoutMs: 2000,
  tries: 2,
  deadlineMs: 5000,
  maxCacheEntries: 10_000,
  maxCacheBytes: 32 * 1024 * 1024,
  maxTtlSeconds: 3600,
  maxNegativeTtlSeconds: 60,
  maxPending: 2000,
};

/** What became of one question that no cache could answer. */
export type DnsOutcome = "found" | "nxdomain" | "nodata" | DnsTrouble;

export interface DnsObserver {
  answered(type: RecordType, outcome: DnsOutcome, elapsedMs: number): void;
}

/** Counts since the resolver was made. */
export interface DnsStats {
  readonly questions: number;
  readonly cacheHits: number;
  /** Questions that joined one already under way. */
  readonly merged: number;
  readonly packetsSent: number;
  readonly overTcp: number;
  readonly timeouts: number;
  readonly troubles: number;
  readonly cacheEntries: number;
  readonly cacheBytes: number;
  /** Answers that made room for others. */
  readonly evictions: number;
  readonly pending: number;
  /** The circuit is open: servers have been silent for long, so questions get a shorter deadline. */
  readonly shortDeadline: boolean;
}

export interface Resolver {
  readonly resolve: Resolve;
  /** What the cache holds; asks nobody. */
  readonly peek: Peek;
  stats(): DnsStats;
  /** Questions under way end as trouble; sockets are closed. */
  close(): void;
}

/** So many questions in a row without any reply open the circuit. */
const silentQuestionsToOpen = 20;
const openCircuitMs = 30_000;
const openCircuitDeadlineMs = 1000;

/** Questions under way, by type: what a typed question joins has its type. */
type Pending = { readonly [T in RecordType]: Map<string, Promise<Answer<T>>> };

/** `now` is monotonic, in milliseconds. */
export function createResolver(
  options: ResolverOptions,
  observer?: DnsObserver,
  shared?: SharedAnswers,
  now: () => number = () => performance.now(),
): Resolver {
  const cache = createAnswerCache(
    { ...options, maxEntries: options.maxCacheEntries, maxBytes: options.maxCacheBytes },
    now,
  );
  const clients: readonly (readonly [DnsServer, UdpClient])[] = options.servers.map((server) => [
    server,
    createUdpClient(server),
  ]);
  const pending: Pending = {
    A: new Map(),
    AAAA: new Map(),
    CNAME: new Map(),
    MX: new Map(),
    NS: new Map(),
    PTR: new Map(),
    SOA: new Map(),
    TXT: new Map(),
  };
  const counts = { questions: 0, cacheHits: 0, merged: 0, packetsSent: 0, overTcp: 0, timeouts: 0, troubles: 0 };
  let pendingCount = 0;
  let silentQuestions = 0;
  let circuitOpenUntil = Number.NEGATIVE_INFINITY;
  let closed = false;

  const resolve: Resolve = (name, type) => {
    counts.questions += 1;
    const asked = canonicalName(name);
    const cached = cache.get(asked, type);
    if (cached !== undefined) {
      counts.cacheHits += 1;
      return Promise.resolve(cached);
    }
    const underWay = pending[type].get(asked);
    if (underWay !== undefined) {
      counts.merged += 1;
      return underWay;
    }
    // A name that the DNS cannot hold does not exist; no question is needed.
    if (!isQueryName(asked)) return Promise.resolve({ status: "nxdomain", ttlSeconds: 0, secure: false });
    if (closed || pendingCount >= options.maxPending) return Promise.resolve({ status: "trouble", trouble: "network" });
    const answer = resolveAnew(asked, type);
    pending[type].set(asked, answer);
    pendingCount += 1;
    return answer;
  };

  async function resolveAnew<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    const told = shared?.get(name, type);
    const known = told === undefined ? undefined : await told;
    const answer = cache.keep(name, type, known ?? (await askDns(name, type)));
    pending[type].delete(name);
    pendingCount -= 1;
    if (answer.status === "trouble") counts.troubles += 1;
    else if (known === undefined) shared?.keep(name, type, answer);
    return answer;
  }

  async function askDns<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    const startedAt = now();
    const answer = await followAliases(name, type, startedAt);
    observer?.answered(type, answer.status === "trouble" ? answer.trouble : answer.status, now() - startedAt);
    return answer;
  }

  async function followAliases<T extends RecordType>(name: string, type: T, startedAt: number): Promise<Answer<T>> {
    const deadlineMs = startedAt < circuitOpenUntil ? openCircuitDeadlineMs : options.deadlineMs;
    const deadline = startedAt + Math.min(deadlineMs, options.deadlineMs);
    let target = name;
    let ttlSeconds = Number.POSITIVE_INFINITY;
    let secure = true;
    for (let aliases = 0; aliases <= maxAliases; aliases += 1) {
      const reply = await askServers({ name: target, type }, deadline);
      if (reply.kind === "trouble") return { status: "trouble", trouble: reply.trouble };
      secure &&= reply.secure;
      const reading = readAnswer(reply.response, target, type, secure);
      if (reading.status === "trouble") return reading;
      ttlSeconds = Math.min(ttlSeconds, reading.ttlSeconds);
      if (reading.status !== "alias") return { ...reading, ttlSeconds };
      if (!isQueryName(reading.target)) return { status: "nodata", ttlSeconds, secure };
      target = reading.target;
    }
    return { status: "trouble", trouble: "malformed" };
  }

  /** Asks one server after the other until one gives a usable reply; the last trouble is the result. */
  async function askServers(
    question: DnsQuestion,
    deadline: number,
  ): Promise<(DnsExchange & { kind: "trouble" }) | (DnsExchange & { kind: "response"; readonly secure: boolean })> {
    let last: DnsTrouble = "timeout";
    let silent = true;
    for (let turn = 0; turn < options.tries; turn += 1) {
      for (const [server, client] of clients) {
        const remainingMs = deadline - now();
        if (remainingMs <= 0 || closed) break;
        const exchange = await askServer(server, client, question, Math.min(options.timeoutMs, remainingMs));
        if (exchange.kind === "trouble") {
          last = exchange.trouble;
          silent &&= last === "timeout";
          continue;
        }
        silent = false;
        const code = responseCode(exchange.response);
        if (code === "noerror" || code === "nxdomain") {
          silentQuestions = 0;
          return { ...exchange, secure: exchange.response.flag_ad && isLoopback(server) };
        }
        last = code === "servfail" || code === "refused" ? code : "malformed";
      }
      // SERVFAIL and the like are an answer: asking the same servers again at once would bring the same.
      if (!silent && last !== "timeout") break;
    }
    noteSilence(silent);
    return { kind: "trouble", trouble: last };
  }

  function noteSilence(silent: boolean): void {
    silentQuestions = silent ? silentQuestions + 1 : 0;
    if (!silent) return;
    if (silentQuestions >= silentQuestionsToOpen) circuitOpenUntil = now() + openCircuitMs;
  }

  async function askServer(
    server: DnsServer,
    client: UdpClient,
    question: DnsQuestion,
    timeoutMs: number,
  ): Promise<DnsExchange> {
    const startedAt = now();
    let form: QueryForm = isLoopback(server) ? "dnssec" : "edns";
    counts.packetsSent += 1;
    let exchange = await client.ask(question, form, timeoutMs);
    if (exchange.kind === "response" && responseCode(exchange.response) === "formerr") {
      // A server from before EDNS (RFC 6891 section 7): once more without.
      counts.packetsSent += 1;
      form = "plain";
      exchange = await client.ask(question, form, Math.max(1, timeoutMs - (now() - startedAt)));
    }
    if (exchange.kind === "response" && exchange.response.flag_tc) {
      counts.overTcp += 1;
      exchange = await askOverTcp(server, question, form, Math.max(1, timeoutMs - (now() - startedAt)));
    }
    if (exchange.kind === "trouble" && exchange.trouble === "timeout") counts.timeouts += 1;
    return exchange;
  }

  return {
    resolve,
    peek: (name, type) => cache.get(canonicalName(name), type),
    stats: () => ({
      ...counts,
      cacheEntries: cache.size,
      cacheBytes: cache.sizeBytes,
      evictions: cache.evictions,
      pending: pendingCount,
      shortDeadline: now() < circuitOpenUntil,
    }),
    close() {
      closed = true;
      for (const [, client] of clients) client.close();
      cache.clear();
    },
  };
}
