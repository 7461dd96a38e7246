// What the permissions of its files say about a configuration.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { lintPermissions } from "../config/lint.ts";
import type { Loaded } from "../config/load.ts";
import type { Problem } from "../config/source.ts";
import { userId } from "../process/unix-user.ts";
import type { FileFacts } from "../signing/key-settings.ts";

/** @param cwd relative names start here */
export function permissionProblems({ config, source }: Loaded, cwd: string): readonly Problem[] {
  if (config === undefined) return [];
  const { daemon_user } = config;
  const daemonUid = daemon_user === null ? undefined : userId(daemon_user);
  const problems = lintPermissions(config, source, {
    stat: (path) => facts(resolve(cwd, path)),
    ...(daemonUid === undefined ? {} : { daemonUid }),
  });
  if (daemon_user === null || daemonUid !== undefined) return problems;
  const place = source.locate(["daemon_user"]);
  const message = `daemon_user: there is no user "${daemon_user}" on this machine: root cannot start the daemon`;
  return [...problems, { severity: "warning", message, path: ["daemon_user"], ...(place !== undefined && { place }) }];
}

function facts(path: string): FileFacts | undefined {
  try {
    const { mode, uid } = statSync(path);
    return { mode, uid };
  } catch {
    // A file that is not there is reported where it is read.
    return undefined;
  }
}
