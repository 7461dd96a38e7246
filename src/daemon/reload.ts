// Reads the configuration file again and puts it in force, for SIGHUP and for the control socket. One reload at a time.
// The old configuration stays when anything is wrong, or when a key that works would be lost.

import { problemLine, sortProblems } from "../config/report.ts";
import type { Problem } from "../config/source.ts";
import { errorText } from "../mail/error-text.ts";
import { inSlices } from "../process/slices.ts";
import type { ListedKeys } from "../reading/list-keys.ts";
import type { Settings } from "../reading/settings.ts";
import { type LostKey, lostKeys } from "../signing/lost-keys.ts";
import type { Daemon } from "./daemon.ts";
import { changesText, type ReloadChanges, reloadChanges } from "./reload-changes.ts";

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
  /** What it changed, in words; absent where it is not in force. */
  readonly changes?: string;
}

/** What a reload needs of a daemon, be it one process or several. */
export type Reloadable = Pick<Daemon, "log" | "reload" | "reloaded">;

/** A forced reload puts a configuration in force even if keys that can sign now are lost by it. */
export type Reload = (how: "careful" | "forced") => Promise<ReloadReport>;

export interface ReloadNeeds {
  readonly file: string;
  /** Reads `file` and all it names. */
  load(): Promise<ListedKeys>;
  readonly daemon: Reloadable;
  /** What is in force when it starts. */
  readonly settings: Pick<Settings, "config" | "keyring">;
  /** Writes a line to the daemon's diagnostics. */
  tell(line: string): void;
}

export function createReload({ file, load, daemon, settings: first, tell }: ReloadNeeds): Reload {
  let latest: Promise<unknown> = Promise.resolve();
  let latestInForce = first;

  async function reload(how: "careful" | "forced"): Promise<ReloadReport> {
    const startedAt = performance.now();
    // First, so that a rotated log file is opened again even when the configuration is refused.
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
    const lost = settings === undefined ? [] : await inSlices(lostKeys(latestInForce.keyring, settings.keyring));
    const isRefused = lost.length > 0 && how === "careful";
    const lines = [
      ...lostLines(lost, isRefused ? "error" : "warning"),
      ...sortProblems(problems)
        .filter(({ severity }) => severity !== "note")
        .map(problemLine),
    ];
    for (const line of lines) tell(line);
    let restart: readonly string[] = [];
    let changes: ReloadChanges | undefined;
    if (isRefused) reason = "keys that can sign now could not any more; signpost reload --force takes it";
    else if (settings !== undefined) {
      try {
        ({ restart } = await daemon.reload(settings));
        changes = await inSlices(reloadChanges(latestInForce, settings));
        latestInForce = settings;
        daemon.log.write("notice", `reload: ${changesText(changes)}`);
      } catch (error) {
        reason = errorText(error);
      }
    }
    const inForce = reason === undefined;
    if (!inForce) tell(`signpost: reload failed, the old configuration stays in force: ${reason}`);
    if (restart.length > 0) tell(`signpost: a restart is needed to put these in force: ${restart.join(", ")}`);
    const generation = daemon.reloaded(inForce ? "success" : "failure", performance.now() - startedAt, changes);
    return {
      inForce,
      generation,
      problems: lines,
      restart,
      ...(reason === undefined ? {} : { reason }),
      ...(changes === undefined ? {} : { changes: changesText(changes) }),
    };
  }

  return (how) => {
    const report = latest.then(() => reload(how));
    latest = report.catch(() => undefined);
    return report;
  };
}

/** How many are named one by one. */
const linesAtMost = 20;

function lostLines(lost: readonly LostKey[], severity: "error" | "warning"): readonly string[] {
  const lines = lost
    .slice(0, linesAtMost)
    .map(({ domain, selector, reason }) => `${severity}: ${domain} loses its key ${selector}: ${reason}`);
  const more = lost.length - lines.length;
  return more === 0 ? lines : [...lines, `${severity}: and ${more} more keys are lost`];
}
