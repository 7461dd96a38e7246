// Has a new process take this one's place, for `signpost upgrade`: it gets the listening sockets, then what only one process
// may have, and all connections from then on. Until it takes mail nothing is given up that could not be had back.
import { startSuccessor } from "../process/successor.ts";
import type { Daemon } from "./daemon.ts";

/** The control socket, as far as it concerns an upgrade. */
export interface LeavableControl {
  leave(): void;
  resume(): Promise<void>;
}

export interface UpgradeNeeds {
  readonly daemon: Pick<Daemon, "descriptors" | "leaveNames" | "resumeNames" | "retire" | "log">;
  readonly control: LeavableControl;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when this process has to end at once. */
  readonly signal: AbortSignal;
}

export interface Upgrade {
  /** Resolves to the new process's pid once it takes mail; rejects, and changes nothing, when it cannot. */
  upgrade(): Promise<number>;
  /** Resolves once a new process has taken over and our own sessions are done. */
  readonly replaced: Promise<void>;
}

/** Reading the configuration and looking at a hundred thousand keys takes its time. */
const patienceMs = 60_000;

export function createUpgrade({ daemon, control, env, signal }: UpgradeNeeds): Upgrade {
  const replaced = Promise.withResolvers<void>();
  let isUnderWay = false;

  async function replace(): Promise<number> {
    const own = process.argv.slice(1).filter((arg) => arg !== takeOverFlag);
    const descriptors = daemon.descriptors();
    const successor = startSuccessor({ args: [...own, takeOverFlag], descriptors, env, patienceMs });
    let hasLeft = false;
    try {
      await successor.open;
      hasLeft = true;
      control.leave();
      await daemon.leaveNames();
      await successor.handOver();
    } catch (error) {
      successor.kill();
      if (hasLeft) {
        await control.resume();
        await daemon.resumeNames();
      }
      throw error;
    }
    successor.release();
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    void Promise.race([daemon.retire(), aborted]).then(replaced.resolve);
    return successor.pid;
  }

  return {
    replaced: replaced.promise,
    async upgrade() {
      if (isUnderWay) throw new Error("another process is taking over already");
      if (env.SYSTEMD_EXEC_PID === String(process.pid) && env.NOTIFY_SOCKET === undefined) {
        throw new Error(
          "systemd would end the new process with this one: the unit needs Type=notify, NotifyAccess=all",
        );
      }
      isUnderWay = true;
      try {
        return await replace();
      } catch (error) {
        isUnderWay = false;
        throw error;
      }
    },
  };
}

const takeOverFlag = "--take-over";
