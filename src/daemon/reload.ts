// Puts the configuration file in force anew, for SIGHUP and for the control socket: one reload at a time, the old
// configuration stays when anything is wrong.

import { problemLine, sortProblems } from "../config/report.ts";
import type { Problem } from "../config/source.ts";
import { errorText } from "../mail/error-text.ts";
import type { ListedKeys } from "../reading/list-keys.ts";
import type { Settings } from "../reading/settings.ts";
import type { Daemon } from "./daemon.ts";

export interface ReloadReport {
  readonly inForce: boolean;
  /** How many configurations have been in force since the start. */
  readonly generation: number;
  /** Errors and warnings, with file, line and column. */
  readonly problems: readonly string[];
  /** Why it is not in force. */
  readonly reason?: string;
  /** Settings that changed and take effect after a restart only. */
  readonly restart: readonly string[];
}

/** What a reload needs of a daemon, be it one process or several. */
export type Reloadable = Pick<Daemon, "log" | "reload" | "reloaded">;

/**
 * @param load reads `file` and all it names
 * @param tell gets a line for whoever reads the daemon's diagnostics
 */
export function createReload(
  file: string,
  load: () => Promise<ListedKeys>,
  daemon: Reloadable,
  tell: (line: string) => void,
): () => Promise<ReloadReport> {
  let latest: Promise<unknown> = Promise.resolve();

  async function reload(): Promise<ReloadReport> {
    const startedAt = performance.now();
    // A log file that was rotated is to be begun anew whatever becomes of the configuration.
    daemon.log.reopen();
    let problems: readonly Problem[] = [];
    let settings: Settings | undefined;
    let reason: string | undefined;
    try {
      ({ settings, problems } = await load());
      if (settings === undefined) reason = `${file} cannot be used`;
    } catch (error) {
      reason = errorText(error);
    }
    const lines = sortProblems(problems)
      .filter(({ severity }) => severity !== "note")
      .map(problemLine);
    for (const line of lines) tell(line);
    let restart: readonly string[] = [];
    if (settings !== undefined) {
      try {
        ({ restart } = await daemon.reload(settings));
      } catch (error) {
        reason = errorText(error);
      }
    }
    const inForce = reason === undefined;
    if (!inForce) tell(`signpost: reload failed, the old configuration stays in force: ${reason}`);
    if (restart.length > 0) tell(`signpost: a restart is needed to put these in force: ${restart.join(", ")}`);
    const generation = daemon.reloaded(inForce ? "success" : "failure", performance.now() - startedAt);
    return { inForce, generation, problems: lines, restart, ...(reason === undefined ? {} : { reason }) };
  }

  return () => {
    const report = latest.then(reload);
    latest = report.catch(() => undefined);
    return report;
  };
}
