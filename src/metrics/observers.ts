// What the parts tell while they work, in numbers. Everything here runs on the mail path: add and be gone.
import type { DnsObserver } from "../dns/resolver.ts";
import type { ListenerName } from "../mail/transaction.ts";
import type { PoolObserver } from "../pool/worker-pool.ts";
import type { ReceiveObserver } from "../receive/handlers.ts";
import type { RelayObserver } from "../relay/delivery.ts";
import { boundedLabel } from "./bounded.ts";
import type { CounterCell } from "./cells.ts";
import type { Declared } from "./declared.ts";

const maxListeners = 30;
const maxNextHops = 30;
/** RFC 5321 section 4.2.3 and RFC 4954 have about twenty of them. */
const maxCodes = 25;

export interface Observers {
  readonly receive: ReceiveObserver;
  readonly relay: RelayObserver;
  readonly dns: DnsObserver;
  readonly pool: Required<Pick<PoolObserver, "jobDone" | "workersRestarted">> & { jobInPlace(): void };
  /** A stage of the flow took so long. */
  readonly stage: (stage: string, elapsedMs: number) => void;
  /** A mail of ours was handed over, or was not. */
  readonly ownMail: (kind: string, result: string) => void;
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
    stage: stageObserver(declared, stages),
    ownMail: ownMailObserver(declared),
  };
}

function receiveObserver(declared: Declared): ReceiveObserver {
  const { connections, connectionsRefused, commandsRefused, intakeFailures } = declared;
  const bounded = boundedLabel(maxListeners);
  const name = (listener: ListenerName) => bounded(listenerText(listener));
  const code = boundedLabel(maxCodes, ["421", "450", "451", "452", "500", "501", "502", "503", "504", "550", "552"]);
  const spooled = declared.spooled.at();
  const spooledBytes = declared.spooledBytes.at();
  for (const reason of ["size", "header-size", "storage", "bare-newline", "trouble", "gone"]) intakeFailures.at(reason);
  return {
    connectionOpened: (listener) => add(connections.at(name(listener))),
    connectionRefused: (listener, reason) => add(connectionsRefused.at(name(listener), reason)),
    commandRefused: (listener, reply) => add(commandsRefused.at(name(listener), code(String(reply)))),
    messageReceived(_listener, _sizeBytes, failure) {
      if (failure !== undefined) add(intakeFailures.at(failure));
    },
    messageAborted: () => add(intakeFailures.at("gone")),
    messageSpooled(_listener, sizeBytes) {
      spooled.value += 1;
      spooledBytes.value += sizeBytes;
    },
  };
}

function relayObserver({ nextHopReplies, nextHopConnections, nextHopPartial }: Declared): RelayObserver {
  const name = boundedLabel(maxNextHops);
  return {
    connection: (remote, event) => add(nextHopConnections.at(name(remote), event)),
    reply: (remote, kind, origin) => add(nextHopReplies.at(name(remote), kind, origin)),
    partial: (remote) => add(nextHopPartial.at(name(remote))),
  };
}

function dnsObserver({ dnsLookups, dnsLookupDuration }: Declared): DnsObserver {
  const duration = dnsLookupDuration.at();
  for (const result of ["found", "nxdomain", "nodata", "timeout", "servfail"]) dnsLookups.at("TXT", result);
  return {
    answered(type, outcome, elapsedMs) {
      add(dnsLookups.at(type, outcome));
      duration.observe(elapsedMs / 1000);
    },
  };
}

function poolObserver({ poolWait, poolRun, poolInPlace, workerRestarts }: Declared): Observers["pool"] {
  const wait = poolWait.at();
  const run = poolRun.at();
  const inPlace = poolInPlace.at();
  for (const reason of ["died", "deadline"]) workerRestarts.at(reason);
  return {
    jobDone(waitMs, runMs) {
      wait.observe(waitMs / 1000);
      run.observe(runMs / 1000);
    },
    jobInPlace: () => add(inPlace),
    workersRestarted: (reason) => add(workerRestarts.at(reason)),
  };
}

function stageObserver({ stageDuration }: Declared, stages: readonly string[]): Observers["stage"] {
  const cells = new Map(stages.map((stage) => [stage, stageDuration.at(stage)]));
  return (stage, elapsedMs) => cells.get(stage)?.observe(elapsedMs / 1000);
}

function ownMailObserver({ ownMail }: Declared): Observers["ownMail"] {
  for (const result of ["sent", "refused", "put-off"]) ownMail.at("dsn", result);
  return (kind, result) => add(ownMail.at(kind, result));
}

function add(cell: CounterCell): void {
  cell.value += 1;
}
