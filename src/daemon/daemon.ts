// A daemon as its callers see it: how it is started, reloaded, asked and stopped.
import type { ControlRequest } from "../control/protocol.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import type { Log } from "../log/log.ts";
import type { ListenerName } from "../mail/transaction.ts";
import type { Family } from "../metrics/exposition.ts";
import type { Condition } from "../metrics/health.ts";
import type { Which } from "../metrics/metrics.ts";
import type { InheritedSockets } from "../process/inherited-sockets.ts";
import type { Settings } from "../reading/settings.ts";
import type { Resolve } from "../rr/answer.ts";
import type { DaemonUser } from "./daemon-user.ts";
import type { ReloadChanges } from "./reload-changes.ts";

export interface DaemonOptions {
  /** Used instead of the configured resolvers, by the demo and by tests. */
  readonly resolve?: Resolve;
  /** Used instead of the log of the configuration. */
  readonly log?: Log;
  /** When it is aborted, a start that is under way fails. */
  readonly signal?: AbortSignal;
  /** Called for every mail when it is done. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** Standard error goes to journald. */
  readonly journal?: boolean;
  /** Used instead of daemon_user, with the group of that user. */
  readonly user?: string;
  /** The user that the process acts as already; it can still go back to root. Absent: the daemon takes daemon_user itself. */
  readonly daemonUser?: DaemonUser;
  /** It shares its ports with other processes; the supervisor logs the start, checks keys and answers for all of them. */
  readonly sharesPorts?: boolean;
  /** Sockets that listen already. */
  readonly inherited?: InheritedSockets;
  /**
   * Called once all ports are open. Resolves when the process whose place this one takes has given up pid file, control
   * socket and metrics endpoint.
   */
  readonly takeOver?: () => Promise<void>;
}

/** A configuration that is ready to be put in force. */
export interface Prepared {
  /** Puts it in force for the mails that start from now on; rejects, and changes nothing, when it cannot. */
  commit(): Promise<void>;
  /** Closes what prepare() opened; the old configuration stays in force. */
  abort(): Promise<void>;
}

export interface Daemon {
  /** Where it listens, in the order of the configuration. */
  readonly listeners: readonly ListenerName[];
  /** Where diagnostics of a running daemon go: standard error itself may have a reader that stalls. */
  readonly log: Log;
  /** Puts a new configuration in force for the mails that start from now on; rejects, and changes nothing, when it cannot. */
  reload(settings: Settings): Promise<{
    /** Settings that changed and take effect after a restart only. */
    readonly restart: readonly string[];
  }>;
  /** Everything that a reload needs and that may fail; changes nothing yet. */
  prepare(settings: Settings): Promise<Prepared>;
  /** What `status`, `why` and `log` ask for. */
  answer(request: ControlRequest): Promise<unknown>;
  /** Notes how a reload ended, for the metrics; gives the number of the configuration in force. */
  reloaded(result: "success" | "failure", elapsedMs: number, changes?: ReloadChanges): number;
  /** The metrics as they are now. */
  families(which: Which): Promise<readonly Family[]>;
  /** What keeps us from being ready, by condition. */
  troubles(): Promise<ReadonlyMap<Condition, string>>;
  /** The sockets it listens on, for the process that takes over. */
  descriptors(): readonly number[];
  /** Frees memory that is kept for the next mails. */
  letGo(): void;
  /** Gives up pid file and metrics endpoint, which only one process may have; mail goes on. */
  leaveNames(): Promise<void>;
  /** Takes them back when no other process took over. */
  resumeNames(): Promise<void>;
  /** Leaves the ports to another process; resolves when all sessions are gone, after drain_timeout at the latest. */
  retire(): Promise<void>;
  /** Stops accepting, lets mails under way finish within drain_timeout, and closes everything. */
  stop(): Promise<void>;
}
