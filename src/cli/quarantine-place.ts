// The quarantine of a configuration, for a command: its index is opened beside a daemon that may be running.
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { defaultConfigFile } from "../config/default-file.ts";
import { loadConfig } from "../config/load.ts";
import { errorCode } from "../mail/error-text.ts";
import { workerUrl } from "../process/module-url.ts";
import { type ActingAs, actAs } from "../process/unix-user.ts";
import type { QuarantineIndex } from "../quarantine/quarantine-index.ts";
import { quarantinePlace } from "../quarantine/quarantine-place.ts";
import { openSqliteIndex } from "../quarantine/sqlite-index.ts";
import { fronts } from "../reading/fronts.ts";
import { exitCode, type Io } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";

/** Files that came while nobody was there to say so are looked for once in this time. */
const scanEveryMs = 600_000;

export interface OpenQuarantine {
  readonly index: QuarantineIndex;
  /** Root acts as the owner of the folder meanwhile: here it is root, to talk to its daemon. */
  whileRoot<Result>(action: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** The index and its files; or the exit code, after a message, when there is no index. */
export async function openQuarantine(
  file: string | undefined,
  io: Io,
): Promise<OpenQuarantine | { readonly exit: number }> {
  const path = file ?? defaultConfigFile;
  const unreadable = unreadableConfig(path, io);
  if (unreadable !== undefined) return { exit: unreadable };
  const { config } = await loadConfig(path, { cwd: io.cwd, fronts });
  if (config === undefined) {
    io.stderr(`signpost: ${path} has errors: "signpost check-config" names them\n`);
    return { exit: exitCode.config };
  }
  const place = quarantinePlace(config, "if-new");
  if (place === undefined) {
    io.stderr(`signpost: ${path}: nothing is kept: QUARANTINEDIR is not set\n`);
    return { exit: exitCode.config };
  }
  for (const folder of [...place.folders, dirname(place.file)]) {
    try {
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      const denied = errorCode(error) === "EACCES";
      io.stderr(`signpost: ${folder}: ${denied ? "permission denied" : "no such folder"}\n`);
      return { exit: denied ? exitCode.permission : exitCode.noInput };
    }
  }
  const acting = actAsOwnerOf(dirname(place.file));
  let trouble: Error | undefined;
  const index = openSqliteIndex({
    place,
    worker: workerUrl("quarantine"),
    onTrouble: (error) => {
      trouble ??= error;
    },
  });
  const close = async () => {
    await index.close();
    acting?.end();
  };
  if (await index.scan(io.now() - scanEveryMs)) {
    return { index, whileRoot: (action) => (acting === undefined ? action() : acting.whileRoot(action)), close };
  }
  io.stderr(`signpost: ${place.file}: ${trouble?.message ?? "the index does not answer"}\n`);
  await close();
  return { exit: exitCode.temporary };
}

/**
 * In a folder that is not root's its owner can put a link in the place of any file, the index and SQLite's own files
 * among them: root touches none of them with its own rights.
 */
function actAsOwnerOf(folder: string): ActingAs | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : actAs({ uid, gid, groups: [gid] });
}
