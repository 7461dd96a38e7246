// `why` and `log` while no daemon runs: what history.file has.
import type { Config } from "../config/config.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { surroundingsOf } from "../daemon/surroundings.ts";
import { createPastMailReader } from "../flow/outcome/past-mail.ts";
import { openHistoryReader } from "../history/read-file.ts";
import { errorText } from "../mail/error-text.ts";
import type { Io } from "./command.ts";

const maxFound = 20;

/** The answer that the daemon would give from its history file; undefined, after a message, when there is none. */
export function answerFromFile(request: ControlRequest, config: Config, io: Pick<Io, "stderr">): unknown {
  const { file } = config.history;
  if (file === null || (request.command !== "why" && request.command !== "log")) return undefined;
  const reader = createPastMailReader(() => surroundingsOf(config));
  let history: ReturnType<typeof openHistoryReader>;
  try {
    history = openHistoryReader(file);
    if (history === undefined) return undefined;
    io.stderr(`signpost: no daemon is running; this is from ${file}\n`);
    if (request.command === "why")
      return history.find(reader.comparable(request.id), maxFound).map((record) => reader.showRecord(record));
    const lines = history.recent(request.limit, request.match ?? "", request.sinceMs ?? 0);
    return lines.toReversed().map(({ at, line }) => ({ time: new Date(at).toISOString(), line }));
  } catch (error) {
    io.stderr(`signpost: ${file} cannot be read: ${errorText(error)}\n`);
    return undefined;
  } finally {
    history?.close();
  }
}
