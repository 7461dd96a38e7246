// All scanners there are, as the flow asks them: about viruses and about spam, by way of the verdicts that are remembered.
import { hash } from "node:crypto";
import { digestBody } from "../mail/body-digest.ts";
import type { SpamFound, VirusFound } from "../mail/content.ts";
import type { Body, Message } from "../mail/message.ts";
import type { VerdictSubject } from "../mail/verdict-subject.ts";
import { parsePeerAddress } from "../settings/peer-address.ts";
import type { SpamScanner, VirusScanner } from "../settings/scanner-shape.ts";
import { createClamdClient, type VirusClient } from "./clamd.ts";
import { createRspamdClient } from "./rspamd.ts";
import type { ClientCounts, ScannerPlace } from "./scanner-client.ts";
import type { SpamClient, SpamQuestion } from "./spam-question.ts";
import { scoreBySpamScanners } from "./spam-score.ts";
import { createSpamdClient } from "./spamd.ts";
import type { ScannerTrouble, ScannerTroubleKind } from "./trouble.ts";
import { verdictWords } from "./verdict-words.ts";
import { type AskedScanner, scanForViruses } from "./virus-scan.ts";

/** What every question says. */
interface Ask {
  /** On the clock of performance.now(): the answer is there by then. */
  readonly deadlineMs: number;
}

export interface VirusAsk extends Ask {
  readonly bank: {
    readonly path: string;
    readonly av_scanners: readonly VirusScanner[];
    readonly av_scanners_backup: readonly VirusScanner[];
    readonly first_infected_stops_scan: boolean;
  };
}

export interface SpamAsk
  extends Ask,
    Pick<SpamQuestion, "envelope" | "client" | "mailId" | "user" | "verified" | "fingerprint" | "virusTests"> {
  readonly bank: {
    readonly path: string;
    readonly spam_scanners: readonly SpamScanner[];
    /** Octets; null: no limit. */
    readonly sa_mail_body_size_limit: number | null;
  };
  /** From this score on a mail is remembered as spam, else as ham; absent: the scanner's own limit. */
  readonly spamLevel?: number;
}

export interface ContentScanners {
  /** Asks all there are for the mail's bank; a verdict that is remembered comes at once. Never rejects. */
  scanViruses(message: Message, ask: VirusAsk): VirusFound | Promise<VirusFound>;
  scoreSpam(message: Message, ask: SpamAsk): SpamFound | Promise<SpamFound>;
  stats(): readonly ScannerStats[];
  /** Closes connections that carry nothing; mails under way are finished. For scanners that a reload has replaced. */
  retire(): void;
  /** Mails under way go on without their scanners. */
  close(): void;
}

export type ScanKind = "virus" | "spam";

export interface ScannerStats extends ClientCounts {
  readonly scanner: string;
  readonly kind: ScanKind;
}

/** Metric labels: what came of one mail at one scanner. */
export type ScanResult = "clean" | "infected" | "scored" | ScannerTroubleKind;

export interface ContentScannersOptions {
  /** What is remembered; without it every mail is scanned. */
  readonly verdicts?: Verdicts;
  /** Called for each answer, for metrics. */
  readonly scanned?: (scanner: string, kind: ScanKind, result: ScanResult, durationMs: number) => void;
  /** Called when a scanner is found to be down, and when it is back, for log and alerts. */
  readonly changed?: (scanner: string, state: "up" | "down", why: string) => void;
  /** A monotonic clock, in milliseconds; that of performance.now(). */
  readonly now?: () => number;
}

/** Verdicts on equal mails. Neither rejects where the question does not. */
export interface Verdicts {
  /** Whether any verdict of this kind is kept at all. */
  remembers(kind: ScanKind): boolean;
  virus(subject: VerdictSubject, deadlineMs: number, ask: () => Promise<VirusFound>): VirusFound | Promise<VirusFound>;
  spam(subject: VerdictSubject, deadlineMs: number, ask: () => Promise<JudgedSpam>): SpamFound | Promise<SpamFound>;
}

export interface JudgedSpam {
  readonly found: SpamFound;
  /** "unsure" is not remembered: not all scanners answered. */
  readonly verdict: "ham" | "spam" | "unsure";
}

type Client = VirusClient | SpamClient;

export function createContentScanners(options: ContentScannersOptions = {}): ContentScanners {
  const { verdicts, scanned, changed, now = () => performance.now() } = options;
  const needs = { now, ...(changed !== undefined && { changed }) };
  /** By all that is configured of a scanner. */
  const virusClients = new Map<string, VirusClient>();
  const spamClients = new Map<string, SpamClient>();
  const names = new Map<Client, string>();

  function clientFor<C extends Client, S extends VirusScanner | SpamScanner>(
    clients: Map<string, C>,
    scanner: S,
    create: (place: ScannerPlace) => C,
  ): C {
    const key = JSON.stringify(scanner);
    const known = clients.get(key);
    if (known !== undefined) return known;
    const client = create(placeOf(scanner));
    clients.set(key, client);
    names.set(client, scanner.name);
    return client;
  }

  const virusClient = (scanner: VirusScanner) =>
    clientFor(virusClients, scanner, (place) => createClamdClient(place, needs));
  const spamClient = (scanner: SpamScanner) =>
    clientFor(spamClients, scanner, (place) =>
      scanner.type === "spamd" ? createSpamdClient(place, needs) : createRspamdClient(place, needs),
    );

  /** Counts how long a scanner took, and what came of it. */
  async function timed<T extends object>(
    { name }: { readonly name: string },
    kind: ScanKind,
    asked: Promise<T | ScannerTrouble>,
    resultOf: (answer: T) => ScanResult,
  ): Promise<T | ScannerTrouble> {
    const startMs = now();
    const outcome = await asked;
    scanned?.(name, kind, isTrouble(outcome) ? outcome.trouble : resultOf(outcome), now() - startMs);
    return outcome;
  }

  async function scanAnew(message: Message, { bank, deadlineMs }: VirusAsk): Promise<VirusFound> {
    const { av_scanners, av_scanners_backup, first_infected_stops_scan } = bank;
    const asked = (scanner: VirusScanner): AskedScanner => ({
      name: scanner.name,
      ask: () => timed(scanner, "virus", virusClient(scanner).scan(message, deadlineMs), ({ result }) => result),
    });
    return scanForViruses(
      av_scanners.map(asked),
      av_scanners_backup.map(asked),
      first_infected_stops_scan ? "first-infected" : "all",
    );
  }

  async function scoreAnew(message: Message, ask: SpamAsk): Promise<JudgedSpam> {
    const { spam_scanners, sa_mail_body_size_limit } = ask.bank;
    const question: SpamQuestion = {
      message,
      envelope: ask.envelope,
      client: ask.client,
      mailId: ask.mailId,
      bankPath: ask.bank.path,
      bodyLimit: sa_mail_body_size_limit,
      ...(ask.user !== undefined && { user: ask.user }),
      ...(ask.verified !== undefined && { verified: ask.verified }),
      ...(ask.fingerprint !== undefined && { fingerprint: ask.fingerprint }),
      ...(ask.virusTests !== undefined && { virusTests: ask.virusTests }),
    };
    const { found, required, isWhole } = await scoreBySpamScanners(
      spam_scanners.map((scanner) => ({
        name: scanner.name,
        factor: scanner.score_factor,
        ask: () => {
          const bodyLimit = scanner.mail_body_size_limit ?? sa_mail_body_size_limit;
          const asked = spamClient(scanner).score({ ...question, bodyLimit }, ask.deadlineMs);
          return timed(scanner, "spam", asked, () => "scored");
        },
      })),
    );
    if (found.score === undefined || required === undefined || !isWhole) return { found, verdict: "unsure" };
    return { found, verdict: found.score >= (ask.spamLevel ?? required) ? "spam" : "ham" };
  }

  async function foundAnew(message: Message, ask: SpamAsk): Promise<SpamFound> {
    return (await scoreAnew(message, ask)).found;
  }

  return {
    scanViruses(message, ask) {
      if (verdicts?.remembers("virus") !== true) return scanAnew(message, ask);
      const { av_scanners, av_scanners_backup, first_infected_stops_scan, path: bankPath } = ask.bank;
      const scanners = `${textOf(av_scanners)}${textOf(av_scanners_backup)}${first_infected_stops_scan}`;
      return withDigest(
        message.body,
        (bodyDigest) =>
          verdicts.virus({ bodyDigest, head: message, bankPath, scanners, further: [] }, ask.deadlineMs, () =>
            scanAnew(message, ask),
          ),
        () => scanAnew(message, ask),
      );
    },

    scoreSpam(message, ask) {
      if (verdicts?.remembers("spam") !== true) return foundAnew(message, ask);
      const { spam_scanners, sa_mail_body_size_limit, path: bankPath } = ask.bank;
      // Whose rules hold is a matter of how they are asked: it counts whatever the key.
      const scanners = `${textOf(spam_scanners)}${sa_mail_body_size_limit} ${ask.user ?? ""}`;
      return withDigest(
        message.body,
        (bodyDigest) =>
          verdicts.spam(
            { bodyDigest, head: message, bankPath, scanners, further: verdictWords(ask) },
            ask.deadlineMs,
            () => scoreAnew(message, ask),
          ),
        () => foundAnew(message, ask),
      );
    },

    stats() {
      const of = (client: Client, kind: ScanKind) => ({ scanner: names.get(client) ?? "", kind, ...client.counts() });
      return [
        ...[...virusClients.values()].map((client) => of(client, "virus")),
        ...[...spamClients.values()].map((client) => of(client, "spam")),
      ];
    },
    retire() {
      for (const client of names.keys()) client.retire();
    },
    close() {
      for (const client of names.keys()) client.close();
    },
  };
}

/** `unread`: the spool cannot be read; the scanner's client meets the same error and reports it. */
function withDigest<T>(
  body: Body,
  look: (digest: Uint8Array) => T | Promise<T>,
  unread: () => Promise<T>,
): T | Promise<T> {
  const digest = digestBody(body);
  return digest instanceof Promise ? digest.then(look, unread) : look(digest);
}

/** Lists of scanners are those of a configuration, the same for every mail: they get their name once. */
const texts = new WeakMap<readonly (VirusScanner | SpamScanner)[], string>();

function textOf(scanners: readonly (VirusScanner | SpamScanner)[]): string {
  const known = texts.get(scanners);
  if (known !== undefined) return known;
  // Verdicts are many, and each names its scanners.
  const text = hash("sha256", JSON.stringify(scanners), "base64url").slice(0, 22);
  texts.set(scanners, text);
  return text;
}

function placeOf({ name, address, timeout, connections }: VirusScanner | SpamScanner): ScannerPlace {
  const place = parsePeerAddress(address);
  if (place === undefined) throw new Error(`the scanner ${name} has no address`);
  return { name, address: place, timeoutMs: timeout * 1000, connections };
}

function isTrouble(outcome: object): outcome is ScannerTrouble {
  return "trouble" in outcome;
}
