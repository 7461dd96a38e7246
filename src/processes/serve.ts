// The program of a process that shares the ports with others: the daemon as it is, told what to do by the process that
// started it. When that one is gone there is nobody to answer for us, so mail under way is brought to its end and no more.

import type { Daemon, Prepared } from "../daemon/daemon.ts";
import { startDaemon } from "../daemon/start-daemon.ts";
import { errorStack, errorText } from "../mail/error-text.ts";
import { prepareMemory, settleMemory } from "../process/v8-memory.ts";
import { createReceiver } from "../reading/parcel.ts";
import { openReading, type Reading } from "../reading/plain-settings.ts";
import type { Settings } from "../reading/settings.ts";
import type { Order, ProcessAnswer, ToProcess } from "./messages.ts";
import { type Part, shareOf } from "./share.ts";

/** At most so much counting is lost with a process that is killed. */
const countsMs = 1000;

let part: Part = { number: 1, of: 1 };
let daemon: Daemon | undefined;
let prepared: Prepared | undefined;
let draining: Promise<void> | undefined;
/** One look at the metrics after the other: what only grows must be told in order. */
let looking: Promise<unknown> = Promise.resolve();
let isTelling = false;
let receiver = createReceiver<Reading>();

/** The configuration that has come, once. */
function receivedSettings(): Settings {
  const parcel = receiver.parcel();
  const settings = parcel === undefined ? undefined : openReading(parcel).settings;
  receiver = createReceiver<Reading>();
  if (settings === undefined) throw new Error("the configuration has not come whole");
  return { ...settings, config: shareOf(settings.config, part) };
}

function running(): Daemon {
  if (daemon === undefined) throw new Error("not started yet");
  return daemon;
}

async function obey(order: Order): Promise<Omit<ProcessAnswer, "id">> {
  switch (order.kind) {
    case "configuration":
      if (order.isFirst) receiver = createReceiver<Reading>();
      receiver.take(order.piece);
      return {};
    case "start":
      part = order.part;
      prepareMemory();
      daemon = await startDaemon(receivedSettings(), {
        journal: order.journal,
        sharesPorts: true,
        ...(order.user === undefined ? {} : { user: order.user }),
      });
      settleMemory();
      setInterval(tellCounts, countsMs).unref();
      return {};
    case "prepare":
      await prepared?.abort();
      prepared = await running().prepare(receivedSettings());
      return {};
    case "commit":
      await prepared?.commit();
      prepared = undefined;
      return {};
    case "abort":
      await prepared?.abort();
      prepared = undefined;
      return {};
    case "reopen":
      running().log.reopen();
      return {};
    case "families":
      return { families: await look(order.which) };
    case "troubles":
      return { troubles: [...(await running().troubles())] };
    case "answer":
      return { answer: await running().answer(order.request) };
    case "stop":
      await drain();
      return {};
  }
}

function look(which: "scrape" | "own" | "counts"): ReturnType<Daemon["families"]> {
  const families = looking.then(() => running().families(which));
  looking = families.catch(() => undefined);
  return families;
}

async function tellCounts(): Promise<void> {
  // A supervisor that does not listen must not fill our memory.
  if (isTelling) return;
  isTelling = true;
  try {
    await send({ families: await look("counts") });
  } finally {
    isTelling = false;
  }
}

/** Resolves when it is out, or cannot get out. */
function send(message: ProcessAnswer): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

function drain(): Promise<void> {
  draining ??= (async () => {
    const stopped = daemon?.stop();
    await stopped;
    if (daemon !== undefined) await tellCounts();
  })();
  return draining;
}

async function end(): Promise<void> {
  await drain();
  process.exit(0);
}

process.on("message", async ({ id, order }: ToProcess) => {
  try {
    await send({ id, ...(await obey(order)) });
  } catch (error) {
    await send({ id, error: errorText(error) });
  }
  if (order.kind === "stop") process.exit(0);
});
// Until we listen, nothing else keeps us here.
process.channel?.ref();
process.on("disconnect", () => {
  // It was told to end at once while we were draining.
  if (draining !== undefined) process.exit(0);
  daemon?.log.write("err", "the supervising process is gone: ending after the mail under way");
  void end();
});
// A terminal and some service managers tell all processes of a group; the supervisor starts another one if it was not.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end());
process.on("SIGHUP", () => undefined);
// What nobody caught leaves the process in a state nobody knows: mails under way get no reply and come again (I2).
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    console.error(`signpost: ${event}: ${errorStack(error)}`);
    process.exit(1);
  });
}
