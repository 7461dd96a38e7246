// What systemd is told of the daemon (sd_notify(3)): ready, reloading, stopping, and at intervals that the main thread is
// alive. Node has no datagram sockets of the unix kind, so systemd's own program sends each message (decision 075).
import { execFile } from "node:child_process";

/** Sends one message, variables like "READY=1". Settles when the manager has it; rejects where it cannot be sent. */
export type SendToManager = (variables: readonly string[]) => Promise<void>;

export interface ServiceManager {
  /**
   * Resolves when the manager was told. `mainPid`: the service is this process from now on, which another one of it has
   * started.
   */
  ready(mainPid?: number): Promise<void>;
  reloading(): void;
  stopping(): void;
  /** Ends the watchdog's messages. */
  close(): void;
}

const silent: ServiceManager = { ready: async () => undefined, reloading() {}, stopping() {}, close() {} };

interface Environment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** With a program that hangs, a message must not keep others waiting. */
const programTimeoutMs = 5000;

/** systemd-notify(1) with the environment's NOTIFY_SOCKET. */
function sendByProgram(socket: string): SendToManager {
  const env = { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: socket };
  return (variables) =>
    new Promise((resolve, reject) => {
      execFile("systemd-notify", [...variables], { env, timeout: programTimeoutMs }, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
}

/**
 * Speaks to the service manager that started this process; silent where none asked for it.
 * @param complain gets the first reason why a message could not be sent
 */
export function createServiceManager(
  environment: Environment,
  complain: (reason: string) => void,
  send: SendToManager = sendByProgram(environment.NOTIFY_SOCKET ?? ""),
): ServiceManager {
  if (environment.NOTIFY_SOCKET === undefined || environment.NOTIFY_SOCKET === "") return silent;
  let last = Promise.resolve();
  let complained = false;
  // One after the other: READY that overtakes RELOADING would say the opposite.
  const say = (...variables: readonly string[]): void => {
    last = last.then(() =>
      send(variables).catch((error: Error) => {
        if (!complained) complain(`the service manager cannot be told ${variables[0]}: ${error.message}`);
        complained = true;
      }),
    );
  };
  let timer: NodeJS.Timeout | undefined;
  const interval = watchdogMs(environment);
  return {
    async ready(mainPid) {
      say(...(mainPid === undefined ? [] : [`MAINPID=${mainPid}`]), "READY=1");
      // A timer of the main thread: where that hangs, no message leaves and the manager starts the service anew.
      if (interval !== undefined && timer === undefined) timer = setInterval(say, interval, "WATCHDOG=1").unref();
      await last;
    },
    reloading: () => say("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => say("STOPPING=1"),
    close: () => clearInterval(timer),
  };
}

/** A third of the time after which the manager acts: one message may be lost. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number | undefined {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 3000 : undefined;
}
