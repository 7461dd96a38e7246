// Has the files of a configuration read by a process of its own. Reading needs a parser and a table of settings with all
// their words: none of it may stay with the daemon or hold up its mail.

import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { moduleUrl } from "../process/module-url.ts";
import type { PlainReading } from "./plain-settings.ts";

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
export function readSettings(file: string, cwd: string, signal?: AbortSignal): Promise<PlainReading> {
  return new Promise((resolve, reject) => {
    const args = [...process.execArgv, collectLate, fileURLToPath(program), file, cwd];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
    const pieces: Buffer[] = [];
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
    pipe.on("data", (piece: Buffer) => pieces.push(piece));
    pipe.on("error", ({ message }) => fail(message));
    // After all it wrote has come.
    child.on("close", (code, signal) => {
      if (code !== 0) {
        fail(`the process that reads it ended: ${signal === null ? `exit code ${code}` : `signal ${signal}`}`);
        return;
      }
      const reading: PlainReading = deserialize(Buffer.concat(pieces));
      resolve(reading);
    });
  });
}
