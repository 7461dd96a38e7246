// Has a configuration read by a process of its own. Reading needs a parser, a table of settings with all their words and,
// for a hundred thousand keys, seconds: none of it may stay with the daemon or hold up its mail.

import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { moduleUrl } from "../process/module-url.ts";
import { createReceiver, type Parcel } from "./parcel.ts";
import { type OpenedReading, openReading, type Reading } from "./plain-settings.ts";

/** At a start the permissions of files are looked at too. */
export type ReadingPurpose = "start" | "reload";

export interface ReadSettings extends OpenedReading {
  /** All of it, for further processes. */
  readonly parcel: Parcel<Reading>;
}

/** The pipe on which the result comes. */
export const resultDescriptor = 3;

/** It ends before there is much to collect: below so many MB it is not even looked for. */
const collectLate = "--initial-heap-size=512";

/** The file's own kind: TypeScript in a checkout, JavaScript in a published package. */
const program = moduleUrl("./program", import.meta.url);

/**
 * Whatever is wrong with the configuration is among the problems; rejects when the process that reads cannot be started or
 * does not bring it to an end.
 *
 * @param cwd relative names start here
 * @param signal gives it up: nobody wants the result any more
 */
export async function readSettings(
  file: string,
  cwd: string,
  purpose: ReadingPurpose,
  signal?: AbortSignal,
): Promise<ReadSettings> {
  const parcel = await receive([file, cwd, purpose], signal);
  return { ...openReading(parcel), parcel };
}

function receive(request: readonly string[], signal?: AbortSignal): Promise<Parcel<Reading>> {
  return new Promise((resolve, reject) => {
    const args = [...process.execArgv, collectLate, fileURLToPath(program), ...request];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
    const receiver = createReceiver<Reading>();
    const fail = (why: string) => reject(new Error(`the configuration could not be read: ${why}`));
    child.on("error", ({ message }) => fail(message));
    const giveUp = () => {
      // It is deaf to the signals that end the daemon.
      child.kill("SIGKILL");
      fail("shutting down");
    };
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener("abort", giveUp);
    child.on("close", () => signal?.removeEventListener("abort", giveUp));
    const pipe = child.stdio[resultDescriptor];
    if (!(pipe instanceof Readable)) {
      fail("there is no pipe to the process that reads it");
      return;
    }
    pipe.on("data", (piece: Buffer) => receiver.take(piece));
    pipe.on("error", ({ message }) => fail(message));
    // After all it wrote has come.
    child.on("close", (code, signal) => {
      const parcel = receiver.parcel();
      if (code === 0 && parcel !== undefined) resolve(parcel);
      else fail(`the process that reads it ended: ${signal === null ? `exit code ${code}` : `signal ${signal}`}`);
    });
  });
}
