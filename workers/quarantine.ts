// The index of the quarantine: an SQLite file that this thread reads and writes. The files of the quarantine are the truth:
// an index that is missing or damaged is made again from them.
import { setTimeout } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../src/mail/error-text.ts";
import type { IndexAnswer, IndexPlace, IndexQuestion } from "../src/mail/quarantine-question.ts";
import { scanFolders } from "./quarantine-scan.ts";
import { openTable } from "./quarantine-table.ts";

/** A mail that comes again after a crash finds the copy whose row was lost, unless there is much to look through. */
const firstScanMs = 1000;

const { file, folders, scan }: IndexPlace = workerData;
const table = openTable(file, folders);
const isDue = scan === "at-start" || table.scannedAt() === 0;
let scanning: Promise<void> = isDue ? scanFolders(table, folders) : Promise.resolve();
const begun = Promise.race([scanning.catch(() => undefined), setTimeout(firstScanMs, undefined, { ref: false })]);

async function answer(question: IndexQuestion): Promise<Omit<IndexAnswer, "id">> {
  switch (question.kind) {
    case "add":
      table.add(question.rows);
      return {};
    case "same-mail":
      await begun;
      return { rows: table.sameMail(question.digest, question.since) };
    case "list":
      return { rows: table.list(question.filter, question.limit) };
    case "oldest":
      return { rows: table.oldest(question.limit) };
    case "usage":
      return { usage: table.usage() };
    case "released":
      table.released(question.copy, question.at);
      return {};
    case "deleted":
      table.deleted(question.copies, question.at);
      return {};
    case "scan":
      // One after the other; while files are looked at, other questions are answered.
      scanning = scanning
        .catch(() => undefined)
        .then(() => (table.scannedAt() >= question.unlessSince ? undefined : scanFolders(table, folders)));
      await scanning;
      return {};
    case "close":
      // A scan that is under way ends with the thread: the next one does its work.
      table.close();
      return {};
  }
}

parentPort?.on("message", async (question: IndexQuestion & { readonly id: number }) => {
  const { id } = question;
  try {
    parentPort?.postMessage({ id, ...(await answer(question)) });
  } catch (error) {
    parentPort?.postMessage({ id, trouble: errorText(error) });
  }
});
