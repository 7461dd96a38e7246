// A command's end of the control socket: one question, one answer.

import { connect } from "node:net";
import { errorCode } from "../mail/error-text.ts";
import type { ControlReply, ControlRequest } from "./protocol.ts";

/** Nobody answers there, or not us: `code` is the system's (ENOENT, ECONNREFUSED, EACCES) or "ETIMEDOUT". */
export class Unanswered extends Error {
  override name = "Unanswered";
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Rejects with `Unanswered` when there is no daemon, and with the daemon's own words when it says no. */
export function ask(path: string, request: ControlRequest, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let input = "";
    const socket = connect(path);
    socket.setEncoding("utf8");
    const end = (error: Error | undefined, value?: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      if (error === undefined) resolve(value);
      else reject(error);
    };
    const timer = setTimeout(
      () => end(new Unanswered(`no answer within ${timeoutMs / 1000} s`, "ETIMEDOUT")),
      timeoutMs,
    );
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("error", (error) => {
      end(new Unanswered(error.message, errorCode(error) ?? ""));
    });
    socket.on("close", () => end(new Unanswered("the daemon ended the connection", "ECONNRESET")));
    socket.on("data", (text) => {
      input += text;
      const line = input.indexOf("\n");
      if (line === -1) return;
      const reply = readReply(input.slice(0, line));
      if (reply.ok) end(undefined, reply.value);
      else end(new Error(reply.error));
    });
  });
}

function readReply(line: string): ControlReply {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Falls through to the same words.
  }
  if (typeof value === "object" && value !== null && "ok" in value) {
    if (value.ok === true && "value" in value) return { ok: true, value: value.value };
    if ("error" in value && typeof value.error === "string") return { ok: false, error: value.error };
  }
  return { ok: false, error: "an answer that is none" };
}
