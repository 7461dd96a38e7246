// What a daemon is to those who start, reload and ask it: a configuration to go by, what may be put in its place, and
// what it does and answers.
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
  /** Instead of the configured resolvers: the demo and tests answer for themselves. */
  readonly resolve?: Resolve;
  /** Instead of the log of the configuration. */
  readonly log?: Log;
  /** Aborted when it is not to start any more: a start that is under way fails. */
  readonly signal?: AbortSignal;
  /** Called for every mail when it is done. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** Standard error goes to journald. */
  readonly journal?: boolean;
  /** Instead of daemon_user, with that user's own group. */
  readonly user?: string;
  /** Whom the process acts as already, being able to go back to root; else it takes on daemon_user itself. */
  readonly daemonUser?: DaemonUser;
  /** It shares its ports with other processes, and somebody else speaks and looks after things for all of them. */
  readonly sharesPorts?: boolean;
  /** Sockets that listen already. */
  readonly inherited?: InheritedSockets;
  /** Called once all ports are open, before anything that only one process may have: it is another's until this resolves. */
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
  /** Lets go of memory that is kept for the next mails. */
  letGo(): void;
  /** Gives up what only one process may have, but mail: pid file and metrics endpoint. */
  leaveNames(): Promise<void>;
  /** Takes them back where nobody took over after all. */
  resumeNames(): Promise<void>;
  /** Leaves the ports to another process; resolves when all sessions are gone, after drain_timeout at the latest. */
  retire(): Promise<void>;
  /** Stops accepting, lets mails under way finish within drain_timeout, and closes everything. */
  stop(): Promise<void>;
}
