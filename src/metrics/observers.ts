// Counts what the parts report while they work. All of this runs on the mail path, so it only adds numbers.
import type { DnsObserver } from "../dns/resolver.ts";
import type { ListenerName } from "../mail/transaction.ts";
import type { PoolObserver } from "../pool/worker-pool.ts";
import type { ReceiveObserver } from "../receive/handlers.ts";
import type { RelayObserver } from "../relay/delivery.ts";
import { refusalCauses } from "../smtp/refusal.ts";
import { boundedLabel, maxNextHops, maxScanners } from "./bounded.ts";
import type { Declared } from "./declared.ts";

const maxListeners = 30;
/** RFC 5321 section 4.2.3 and RFC 4954 have about twenty of them. */
const maxCodes = 25;

export interface Observers {
  readonly receive: ReceiveObserver;
  readonly relay: RelayObserver;
  readonly dns: DnsObserver;
  readonly pool: Required<Pick<PoolObserver, "jobDone" | "workersRestarted">> & { jobInPlace(): void };
  readonly content: ContentObserver;
  /** A stage of the flow took so long. */
  readonly stage: (stage: string, elapsedMs: number) => void;
  /** A mail of ours was handed over, or was not. */
  readonly ownMail: (kind: string, result: string) => void;
  /** Copies of a mail are kept, were kept before, or cannot be kept. */
  readonly kept: (result: string) => void;
}

/** What looking into mail reports: scanners, remembered verdicts, mails taken apart. Times are milliseconds. */
export interface ContentObserver {
  scanned(scanner: string, kind: string, result: string, durationMs: number): void;
  verdictAsked(kind: string, result: string): void;
  mailDone(where: "in-place" | "worker" | "known", durationMs: number): void;
  workerEnded(reason: "died" | "deadline"): void;
}

/** "127.0.0.1:10024" or the path of a socket. */
export function listenerText({ address, port, path }: ListenerName): string {
  return path ?? `${address}:${port}`;
}

/** `stages`: the names of all stages of the flow. */
export function createObservers(declared: Declared, stages: readonly string[]): Observers {
  return {
    receive: receiveObserver(declared),
    relay: relayObserver(declared),
    dns: dnsObserver(declared),
    pool: poolObserver(declared),
    content: contentObserver(declared),
    stage: stageObserver(declared, stages),
    ownMail: ownMailObserver(declared),
    kept: keptObserver(declared),
  };
}

function receiveObserver(declared: Declared): ReceiveObserver {
  const { connections, connectionsRefused, commandsRefused, intakeFailures, refusals } = declared;
  const bounded = boundedLabel(maxListeners);
  const name = (listener: ListenerName) => bounded(listenerText(listener));
  const code = boundedLabel(maxCodes, ["421", "450", "451", "452", "500", "501", "502", "503", "504", "550", "552"]);
  const { spooled, spooledBytes } = declared;
  for (const reason of ["size", "header-size", "storage", "bare-newline", "trouble", "gone"]) {
    intakeFailures.inc({ reason }, 0);
  }
  for (const cause of Object.keys(refusalCauses)) refusals.inc({ cause }, 0);
  return {
    refused: ({ cause }) => refusals.inc({ cause }),
    connectionOpened: (listener) => connections.inc({ listener: name(listener) }),
    connectionRefused: (listener, reason) => connectionsRefused.inc({ listener: name(listener), reason }),
    commandRefused: (listener, reply) => commandsRefused.inc({ listener: name(listener), code: code(String(reply)) }),
    messageReceived(_listener, _sizeBytes, failure) {
      if (failure !== undefined) intakeFailures.inc({ reason: failure });
    },
    messageAborted: () => intakeFailures.inc({ reason: "gone" }),
    messageSpooled(_listener, sizeBytes) {
      spooled.inc();
      spooledBytes.inc(sizeBytes);
    },
  };
}

function relayObserver({ nextHopReplies, nextHopConnections, nextHopPartial }: Declared): RelayObserver {
  const name = boundedLabel(maxNextHops);
  return {
    connection: (remote, event) => nextHopConnections.count(name(remote), event),
    reply: (remote, kind, origin) => nextHopReplies.count(name(remote), kind, origin),
    partial: (remote) => nextHopPartial.inc({ next_hop: name(remote) }),
  };
}

function dnsObserver({ dnsLookups, dnsLookupDuration }: Declared): DnsObserver {
  for (const result of ["found", "nxdomain", "nodata", "timeout", "servfail"])
    dnsLookups.inc({ type: "TXT", result }, 0);
  return {
    answered(type, outcome, elapsedMs) {
      dnsLookups.inc({ type, result: outcome });
      dnsLookupDuration.observe(elapsedMs / 1000);
    },
  };
}

function poolObserver({ poolWait, poolRun, poolInPlace, workerRestarts }: Declared): Observers["pool"] {
  for (const reason of ["died", "deadline"]) workerRestarts.inc({ reason }, 0);
  const wait = poolWait.series();
  const run = poolRun.series();
  return {
    jobDone(waitMs, runMs) {
      wait.observe(waitMs / 1000);
      run.observe(runMs / 1000);
    },
    jobInPlace: () => poolInPlace.inc(),
    workersRestarted: (reason) => workerRestarts.inc({ reason }),
  };
}

function contentObserver(declared: Declared): ContentObserver {
  const { scannerAnswers, scannerDuration, verdictLookups, partsDuration, partsThreadEnds } = declared;
  const name = boundedLabel(maxScanners);
  const took = {
    "in-place": partsDuration.series({ where: "in-place" }),
    worker: partsDuration.series({ where: "worker" }),
    known: partsDuration.series({ where: "known" }),
  };
  for (const reason of ["died", "deadline"]) partsThreadEnds.inc({ reason }, 0);
  return {
    scanned(scanner, kind, result, durationMs) {
      const called = name(scanner);
      scannerAnswers.inc({ scanner: called, kind, result });
      scannerDuration.observe({ scanner: called, kind }, durationMs / 1000);
    },
    verdictAsked: (kind, result) => verdictLookups.count(kind, result),
    mailDone: (where, durationMs) => took[where].observe(durationMs / 1000),
    workerEnded: (reason) => partsThreadEnds.inc({ reason }),
  };
}

function stageObserver({ stageDuration }: Declared, stages: readonly string[]): Observers["stage"] {
  const series = new Map(stages.map((stage) => [stage, stageDuration.series({ stage })]));
  return (stage, elapsedMs) => series.get(stage)?.observe(elapsedMs / 1000);
}

function keptObserver({ kept }: Declared): Observers["kept"] {
  for (const result of ["kept", "repeated", "disk-full", "failed"]) kept.inc({ result }, 0);
  return (result) => kept.inc({ result });
}

function ownMailObserver({ ownMail }: Declared): Observers["ownMail"] {
  for (const kind of ["dsn", "notice", "quarantine", "release"]) {
    for (const result of ["sent", "refused", "put-off"]) ownMail.inc({ kind, result }, 0);
  }
  return (kind, result) => ownMail.inc({ kind, result });
}
