// Where daemon and commands meet: the control socket, found from the configuration and the environment.
import { tmpdir } from "node:os";
import type { SocketPlace } from "../control/socket-path.ts";
import type { Io } from "./command.ts";

/** @param configured control.socket */
export function socketPlace(configured: string | null, env: Io["env"]): SocketPlace {
  return {
    configured,
    runtimeDirectory: env.RUNTIME_DIRECTORY,
    temporaryFolder: tmpdir(),
    uid: process.getuid?.() ?? 0,
  };
}
